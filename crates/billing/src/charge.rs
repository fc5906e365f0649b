//! What one call costs, brings and owes.

use std::fmt;

use domain::{
    BillingAccountId, BuyerId, CallId, CampaignId, Cdr, Currency, Direction, EndCause, Micros, PublisherId, RateCardId,
    TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{CONVERSION_CONFIRMED, RateCard, RecordingRate, applicable};

const SECONDS_PER_MINUTE: u64 = 60;
/// Decimals of what is stored (inventory, section 5.2).
const STORED_PLACES: u32 = 4;

/// What a line is for. The first five are the inventory's accrual types (section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChargeKind {
    /// Minutes of a call to a tracking number; the tenant pays the platform.
    CallMinuteInbound,
    /// Minutes of a call the platform placed.
    CallMinuteOutbound,
    /// An answered call.
    ConnectionFee,
    /// A recording.
    RecordingFee,
    /// A conversion.
    CpaConversion,
    /// The sale; the buyer pays the tenant.
    SaleRevenue,
    /// The publisher's share; the tenant pays the publisher.
    PublisherPayout,
}

impl ChargeKind {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::CallMinuteInbound => "CALL_MINUTE_INBOUND",
            Self::CallMinuteOutbound => "CALL_MINUTE_OUTBOUND",
            Self::ConnectionFee => "CONNECTION_FEE",
            Self::RecordingFee => "RECORDING_FEE",
            Self::CpaConversion => "CPA_CONVERSION",
            Self::SaleRevenue => "SALE_REVENUE",
            Self::PublisherPayout => "PUBLISHER_PAYOUT",
        }
    }
}

/// One amount of a charge, always above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What for.
    pub kind: ChargeKind,
    /// Minutes, or 1.
    pub quantity: u64,
    /// For each.
    pub unit_price: Micros,
    /// `quantity` times `unit_price`, rounded half-up to four decimals.
    pub amount: Micros,
    /// Of both.
    pub currency: Currency,
}

impl fmt::Display for Line {
    /// For people: `3 min inbound at 0.05 USD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (price, currency) = (self.unit_price.to_decimal(STORED_PLACES), self.currency);
        match self.kind {
            ChargeKind::CallMinuteInbound => write!(f, "{} min inbound at {price} {currency}", self.quantity),
            ChargeKind::CallMinuteOutbound => write!(f, "{} min outbound at {price} {currency}", self.quantity),
            ChargeKind::ConnectionFee => f.write_str("connection fee"),
            ChargeKind::RecordingFee if self.quantity == 1 => f.write_str("recording"),
            ChargeKind::RecordingFee => write!(f, "{} min recorded at {price} {currency}", self.quantity),
            ChargeKind::CpaConversion => f.write_str("conversion"),
            ChargeKind::SaleRevenue => f.write_str("sale of the call"),
            ChargeKind::PublisherPayout => f.write_str("publisher's payout"),
        }
    }
}

/// Everything one call moves. Equal for equal events, whenever and however often it is rated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// Whose call.
    pub tenant: TenantId,
    /// Which call.
    pub call: CallId,
    /// 0 when first rated, one more for each correction.
    pub revision: u32,
    /// When the call ended: the period it falls in.
    pub at: Timestamp,
    /// Who pays the platform; `None`: nobody does.
    pub account: Option<BillingAccountId>,
    /// By which card; `None`: none was valid, and the platform charges nothing.
    pub rate_card: Option<RateCardId>,
    /// The call's campaign.
    pub campaign: Option<CampaignId>,
    /// The one the call was sold to, when it was connected.
    pub buyer: Option<BuyerId>,
    /// Who brought it.
    pub publisher: Option<PublisherId>,
    /// True once the buyer's conversion rule is met.
    pub converted: bool,
    /// By kind, each at most once.
    pub lines: Vec<Line>,
}

impl Charge {
    /// Sum over some kinds in one currency. Lines are rounded one by one, so a sum always equals its lines.
    pub fn total(&self, currency: Currency, wanted: impl Fn(ChargeKind) -> bool) -> Micros {
        self.lines.iter().filter(|line| line.currency == currency && wanted(line.kind)).map(|line| line.amount).sum()
    }

    /// What the platform takes for the call.
    pub fn platform_cost(&self, currency: Currency) -> Micros {
        self.total(currency, |kind| !matches!(kind, ChargeKind::SaleRevenue | ChargeKind::PublisherPayout))
    }

    /// True when both are the same rating, whatever their revision.
    pub fn same_as(&self, other: &Self) -> bool {
        *self == Self { revision: self.revision, ..other.clone() }
    }
}

/// On what a call is rated, besides its own record.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The tenant's ACTIVE billing account and its currency; `None`: the platform charges nothing (inventory, section 5.1).
    pub account: Option<(BillingAccountId, Currency)>,
    /// Of all, those of `account` count; the one valid when the call ended applies.
    pub cards: &'a [RateCard],
}

/// Why a call cannot be rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateError {
    /// It has not ended.
    Running,
    /// An amount is beyond ±9.2 trillion, or a sale's amounts are below zero.
    OutOfRange(ChargeKind),
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("the call has not ended"),
            Self::OutOfRange(kind) => write!(f, "{}: amount out of range", kind.name()),
        }
    }
}

impl std::error::Error for RateError {}

/// Rates an ended call: the platform's fees by the card (inventory, section 5.2), the sale and the payout by the terms
/// that were fixed when the call was offered.
pub fn rate(cdr: &Cdr, terms: &Terms<'_>) -> Result<Charge, RateError> {
    let at = cdr.ended_at.ok_or(RateError::Running)?;
    let card = terms.account.and_then(|(account, currency)| {
        let own = terms.cards.iter().filter(|card| card.account == account);
        applicable(own, at).map(|card| (card, currency))
    });
    let mut lines = Lines::default();
    // A caller that never acknowledged our answer was not there: nothing was sold to the buyer.
    let is_heard = cdr.cause != Some(EndCause::NoAck);
    let sold = cdr.sold_leg().filter(|_| is_heard).and_then(|leg| Some((leg, leg.buyer?, leg.terms?)));
    let connected_for = |after_ms| sold.is_some_and(|(leg, ..)| leg.connected_ms() >= after_ms);
    let converted = sold.is_some_and(|(.., sale)| connected_for(sale.revenue_after_ms));
    if let Some((card, currency)) = card {
        lines.platform(cdr, card, currency, converted)?;
    }
    if let Some((.., sale)) = sold {
        if converted {
            lines.add(ChargeKind::SaleRevenue, 1, sale.revenue, sale.currency)?;
        }
        if cdr.started.publisher.is_some() && connected_for(sale.payout_after_ms) {
            lines.add(ChargeKind::PublisherPayout, 1, sale.payout, sale.currency)?;
        }
    }
    Ok(Charge {
        tenant: cdr.tenant,
        call: cdr.call,
        revision: 0,
        at,
        account: terms.account.map(|(account, _)| account),
        rate_card: card.map(|(card, _)| card.id),
        campaign: cdr.started.campaign,
        buyer: sold.map(|(_, buyer, _)| buyer),
        publisher: cdr.started.publisher,
        converted,
        lines: lines.0,
    })
}

#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn platform(&mut self, cdr: &Cdr, card: &RateCard, currency: Currency, converted: bool) -> Result<(), RateError> {
        let (kind, rates) = match cdr.started.direction {
            Direction::Inbound => (ChargeKind::CallMinuteInbound, &card.rates.inbound),
            Direction::Outbound => (ChargeKind::CallMinuteOutbound, &card.rates.outbound),
        };
        if cdr.answered_at.is_some() {
            self.add(kind, begun_minutes(cdr.answered_ms()), rates.per_minute.unwrap_or_default(), currency)?;
            self.add(ChargeKind::ConnectionFee, 1, rates.connection_fee.unwrap_or_default(), currency)?;
        }
        // One that failed altogether has no length and costs nothing.
        let has_recording = cdr.recordings.iter().any(|recording| recording.duration_ms.is_some());
        match card.rates.recording {
            Some(RecordingRate::PerCall(price)) if has_recording => {
                self.add(ChargeKind::RecordingFee, 1, price, currency)?;
            }
            Some(RecordingRate::PerMinute(price)) => {
                self.add(ChargeKind::RecordingFee, begun_minutes(cdr.recorded_ms()), price, currency)?;
            }
            _ => {}
        }
        match &card.rates.cpa {
            Some(cpa) if converted && cpa.trigger_event == CONVERSION_CONFIRMED => {
                self.add(ChargeKind::CpaConversion, 1, cpa.amount, currency)
            }
            _ => Ok(()),
        }
    }

    /// Amounts of zero are no line.
    fn add(
        &mut self,
        kind: ChargeKind,
        quantity: u64,
        unit_price: Micros,
        currency: Currency,
    ) -> Result<(), RateError> {
        let amount = i64::try_from(quantity)
            .ok()
            .and_then(|quantity| unit_price.checked_mul(quantity))
            .filter(|amount| *amount >= Micros::ZERO)
            .map(|amount| amount.round_half_up(STORED_PLACES))
            .ok_or(RateError::OutOfRange(kind))?;
        if amount > Micros::ZERO {
            self.0.push(Line { kind, quantity, unit_price, amount, currency });
        }
        Ok(())
    }
}

/// Minutes begun in the whole seconds of `millis`, as people see them (ADR 0038).
fn begun_minutes(millis: u64) -> u64 {
    (millis / 1_000).div_ceil(SECONDS_PER_MINUTE)
}
