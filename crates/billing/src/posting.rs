//! Charges in double entry (ADR 0039).

use std::collections::BTreeMap;

use domain::{BillingAccountId, BuyerId, CallId, Currency, Micros, PublisherId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Charge, ChargeKind, Line};

/// Where money stands in a tenant's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Account {
    /// What a buyer owes the tenant. Asset.
    BuyerReceivable(BuyerId),
    /// What the tenant's sales brought. Income.
    SalesRevenue,
    /// What the tenant owes a publisher. Liability.
    PublisherPayable(PublisherId),
    /// What publishers cost. Expense.
    PayoutExpense,
    /// What the tenant owes the platform. Liability.
    PlatformPayable(BillingAccountId),
    /// What the platform costs. Expense.
    PlatformExpense,
}

/// One side of a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// Debit above zero, credit below; never zero.
    pub amount: Micros,
    /// Of `amount`.
    pub currency: Currency,
}

/// Names a movement: the store keeps one for each key, so a repeat posts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostingKey {
    /// Which call.
    pub call: CallId,
    /// What for.
    pub kind: ChargeKind,
    /// The charge's revision.
    pub revision: u32,
}

/// Postings that stand or fall together. Their sum is zero in every currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostingGroup {
    /// In whose books.
    pub tenant: TenantId,
    /// What makes it one of a kind.
    pub key: PostingKey,
    /// The period it falls in: when the call ended.
    pub at: Timestamp,
    /// At least two.
    pub postings: Vec<Posting>,
}

impl PostingGroup {
    /// True when it sums to zero in every currency. A group made here always does; what storage returns is checked.
    pub fn is_balanced(&self) -> bool {
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for posting in &self.postings {
            *sums.entry(posting.currency).or_default() += i128::from(posting.amount.0);
        }
        sums.values().all(|sum| *sum == 0)
    }
}

/// A charge's movements, one group for each line. A charge that was revised is posted by [`correction`] instead.
pub fn postings(charge: &Charge) -> Vec<PostingGroup> {
    let kinds = charge.lines.iter().map(|line| line.kind);
    kinds.filter_map(|kind| group(charge, kind, charge.revision, entries(charge, kind))).collect()
}

/// What has to be posted after a late event changed a call's charge, and the charge that is then in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// To be kept in place of the old one.
    pub charge: Charge,
    /// Only what differs: what was posted is never changed, but taken back and posted anew, as one difference.
    pub groups: Vec<PostingGroup>,
}

/// Compares the charge in force with a new rating of the same call. `None` when nothing changed, or when they are of two calls.
pub fn correction(in_force: &Charge, rated: &Charge) -> Option<Correction> {
    if in_force.call != rated.call || in_force.tenant != rated.tenant || in_force.same_as(rated) {
        return None;
    }
    let revision = in_force.revision.checked_add(1)?;
    let mut kinds: Vec<ChargeKind> = in_force.lines.iter().chain(&rated.lines).map(|line| line.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let groups = kinds
        .into_iter()
        .filter_map(|kind| {
            let mut difference = entries(rated, kind);
            for (place, amount) in entries(in_force, kind) {
                *difference.entry(place).or_default() -= amount;
            }
            group(rated, kind, revision, difference)
        })
        .collect();
    Some(Correction { charge: Charge { revision, ..rated.clone() }, groups })
}

type Entries = BTreeMap<(Account, Currency), i64>;

/// Debit and credit of one kind's line. A kind has one line and its amount is above zero, so neither it nor the difference of two
/// leaves the range.
fn entries(charge: &Charge, kind: ChargeKind) -> Entries {
    let line = charge.lines.iter().find(|line| line.kind == kind && line.amount > Micros::ZERO);
    match (line, accounts(charge, kind)) {
        (Some(Line { amount, currency, .. }), Some((debit, credit))) => {
            Entries::from([((debit, *currency), amount.0), ((credit, *currency), -amount.0)])
        }
        _ => Entries::new(),
    }
}

fn accounts(charge: &Charge, kind: ChargeKind) -> Option<(Account, Account)> {
    match kind {
        ChargeKind::SaleRevenue => Some((Account::BuyerReceivable(charge.buyer?), Account::SalesRevenue)),
        ChargeKind::PublisherPayout => Some((Account::PayoutExpense, Account::PublisherPayable(charge.publisher?))),
        ChargeKind::CallMinuteInbound
        | ChargeKind::CallMinuteOutbound
        | ChargeKind::ConnectionFee
        | ChargeKind::RecordingFee
        | ChargeKind::CpaConversion => Some((Account::PlatformExpense, Account::PlatformPayable(charge.account?))),
    }
}

fn group(charge: &Charge, kind: ChargeKind, revision: u32, entries: Entries) -> Option<PostingGroup> {
    let postings: Vec<Posting> = entries
        .into_iter()
        .filter(|(_, amount)| *amount != 0)
        .map(|((account, currency), amount)| Posting { account, amount: Micros(amount), currency })
        .collect();
    let key = PostingKey { call: charge.call, kind, revision };
    (!postings.is_empty()).then_some(PostingGroup { tenant: charge.tenant, key, at: charge.at, postings })
}
