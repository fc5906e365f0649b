//! Settlements: each wholly or not at all, decided by the revision it was computed on.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use domain::{CallId, Micros, PostingGroupId, Timestamp};
use operations::{
    Accrual, CallMoney, CallRow, JobTicket, PLATFORM_EXPENSE, Posting, Settled, Settlement, StoreError, spend_slot,
};
use sea_orm::{DatabaseTransaction, QueryResult, Value};
use uuid::Uuid;

use crate::{
    convert::{column, json, number, parse},
    jobs::finish,
    sql::{Change, Insert, select_in},
};

const CDRS: Insert = Insert {
    head: "INSERT INTO cdrs (call_id, tenant_id, revision, ended_at, record, charge, settled_at)",
    columns: 7,
    tail: "ON CONFLICT (call_id) DO UPDATE SET revision = excluded.revision, ended_at = excluded.ended_at, \
           record = excluded.record, charge = excluded.charge, settled_at = excluded.settled_at WHERE cdrs.revision = excluded.revision - 1 \
           RETURNING call_id",
};

const ACCRUALS: Insert = Insert {
    head: "INSERT INTO accruals (accrual_key, tenant_id, account_id, call_id, publisher_id, buyer_id, kind, amount, \
           currency, description, at)",
    columns: 11,
    tail: "",
};

const POSTINGS: Insert = Insert {
    head: "INSERT INTO postings (group_key, line, group_id, tenant_id, account, amount, currency, call_id, description, at)",
    columns: 10,
    tail: "",
};

const BALANCES: Insert = Insert {
    head: "INSERT INTO balances (tenant_id, account, currency, amount)",
    columns: 4,
    tail: "ON CONFLICT (tenant_id, account, currency) DO UPDATE SET amount = balances.amount + excluded.amount",
};

const SPEND: Insert = Insert {
    head: "INSERT INTO platform_spend (tenant_id, currency, slot, amount)",
    columns: 4,
    tail: "ON CONFLICT (tenant_id, currency, slot) DO UPDATE SET amount = platform_spend.amount + excluded.amount",
};

const MONEY: Change = Change {
    sql: "UPDATE calls SET currency = column2, cost = column3, revenue = column4, payout = column5 FROM ({}) AS settled \
          WHERE calls.id = column1",
    columns: 5,
};

/// Notes the calls of people who are leads, and when they last spoke with us.
async fn link_leads(transaction: &DatabaseTransaction, calls: &HashSet<CallId>) -> Result<(), StoreError> {
    let link = "INSERT INTO lead_calls (lead_id, call_id, tenant_id, created_at) \
                SELECT l.id, c.id, c.tenant_id, c.started_at FROM calls c JOIN leads l ON l.tenant_id = c.tenant_id \
                AND l.phone_number IN (c.from_number, c.to_number) WHERE c.id IN ({}) \
                ON CONFLICT DO NOTHING RETURNING lead_id";
    let linked = select_in(transaction, link, calls.iter().map(|call| call.0.into())).await?;
    let leads: HashSet<Uuid> = linked.iter().map(|row| column(row, "lead_id")).collect::<Result<_, _>>()?;
    let spoken = "UPDATE leads SET last_contacted_at = (SELECT MAX(c.answered_at) FROM lead_calls x \
                  JOIN calls c ON c.id = x.call_id WHERE x.lead_id = leads.id AND x.tenant_id = leads.tenant_id) \
                  WHERE id IN ({}) RETURNING id";
    select_in(transaction, spoken, leads.into_iter().map(Value::from)).await.map(drop)
}

pub(super) async fn write(
    transaction: &DatabaseTransaction,
    settlements: &[&Settlement],
) -> Result<HashMap<CallId, Settled>, StoreError> {
    if settlements.is_empty() {
        return Ok(HashMap::new());
    }
    let mut seen = HashSet::new();
    let mut values = Vec::new();
    for one in settlements.iter().filter(|one| seen.insert(one.cdr.call)) {
        balanced(one)?;
        let Some(ended_at) = one.cdr.ended_at else {
            return Err(StoreError::failed(format!("call {} is settled before its end", one.cdr.call)));
        };
        values.extend::<[Value; 7]>([
            one.cdr.call.0.into(),
            one.cdr.tenant.0.into(),
            (i64::from(one.revision_before) + 1).into(),
            ended_at.micros().into(),
            json(&one.cdr)?.into(),
            json(&one.charge)?.into(),
            one.settled_at.micros().into(),
        ]);
    }
    let mut won = HashSet::new();
    for row in CDRS.returning(transaction, values).await? {
        won.insert(CallId(column(&row, "call_id")?));
    }
    // The same call twice in one batch: the first one is written, the other is stale.
    let mut first = HashSet::new();
    let winners: Vec<&Settlement> =
        settlements.iter().filter(|one| won.contains(&one.cdr.call) && first.insert(one.cdr.call)).copied().collect();
    write_books(transaction, &winners).await?;
    link_leads(transaction, &won).await?;
    let jobs: Vec<JobTicket> = winners.iter().filter_map(|one| one.job).collect();
    finish(transaction, &jobs).await?;
    // The row as its reader will find it, without reading it back: its events are final, and its money is what was just written.
    let settled = |one: &&Settlement| {
        let row = CallRow { money: one.money, ..operations::row(&one.cdr) };
        (one.cdr.call, Settled::Written(Arc::new(row)))
    };
    Ok(winners.iter().map(settled).collect())
}

/// The books stay even, whoever computed them.
fn balanced(settlement: &Settlement) -> Result<(), StoreError> {
    let mut sums: BTreeMap<(PostingGroupId, &str), i64> = BTreeMap::new();
    for posting in &settlement.postings {
        let sum = sums.entry((posting.group, posting.currency.code())).or_default();
        *sum = sum.checked_add(posting.amount.0).ok_or_else(|| StoreError::failed("postings out of range"))?;
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some(((group, _), sum)) => Err(StoreError::failed(format!("postings of group {group} sum to {sum}, not 0"))),
        None => Ok(()),
    }
}

async fn write_books(transaction: &DatabaseTransaction, settlements: &[&Settlement]) -> Result<(), StoreError> {
    let accruals = settlements.iter().flat_map(|one| &one.accruals).flat_map(accrual_values);
    ACCRUALS.run(transaction, accruals.collect()).await?;
    let postings = || settlements.iter().flat_map(|one| &one.postings);
    POSTINGS.run(transaction, postings().flat_map(posting_values).collect()).await?;
    let mut balances: BTreeMap<(Uuid, &str, &str), i64> = BTreeMap::new();
    for posting in postings() {
        let key = (posting.tenant.0, posting.account.as_str(), posting.currency.code());
        let sum = balances.entry(key).or_default();
        *sum = sum.saturating_add(posting.amount.0);
    }
    let values = balances.into_iter().flat_map(|((tenant, account, currency), amount)| -> [Value; 4] {
        [tenant.into(), account.into(), currency.into(), amount.into()]
    });
    BALANCES.run(transaction, values.collect()).await?;
    SPEND.run(transaction, spend_values(postings())).await?;
    let money: Vec<Value> =
        settlements.iter().flat_map(|one| one.money.map(|money| money_values(one.cdr.call, money))).flatten().collect();
    MONEY.run(transaction, &money).await.map(drop)
}

/// What budgets compare: in the transaction of the postings, so it is neither lost nor counted twice.
fn spend_values<'p>(postings: impl Iterator<Item = &'p Posting>) -> Vec<Value> {
    let mut spend: BTreeMap<(Uuid, &str, i64), i64> = BTreeMap::new();
    for posting in postings.filter(|posting| posting.account == PLATFORM_EXPENSE) {
        let sum = spend.entry((posting.tenant.0, posting.currency.code(), spend_slot(posting.at))).or_default();
        *sum = sum.saturating_add(posting.amount.0);
    }
    let values = spend.into_iter().flat_map(|((tenant, currency, slot), amount)| -> [Value; 4] {
        [tenant.into(), currency.into(), slot.into(), amount.into()]
    });
    values.collect()
}

fn money_values(call: CallId, money: CallMoney) -> [Value; 5] {
    [call.0.into(), money.currency.code().into(), money.cost.0.into(), money.revenue.0.into(), money.payout.0.into()]
}

fn accrual_values(accrual: &Accrual) -> [Value; 11] {
    [
        accrual.key.clone().into(),
        accrual.tenant.0.into(),
        accrual.account.map(|id| id.0).into(),
        accrual.call.map(|id| id.0).into(),
        accrual.publisher.map(|id| id.0).into(),
        accrual.buyer.map(|id| id.0).into(),
        accrual.kind.as_str().into(),
        accrual.amount.0.into(),
        accrual.currency.code().into(),
        accrual.description.clone().into(),
        accrual.at.micros().into(),
    ]
}

/// One row of `accruals`.
pub(crate) fn read_accrual(row: &QueryResult) -> Result<Accrual, StoreError> {
    Ok(Accrual {
        key: column(row, "accrual_key")?,
        tenant: column::<Uuid>(row, "tenant_id")?.into(),
        account: column::<Option<Uuid>>(row, "account_id")?.map(Into::into),
        call: column::<Option<Uuid>>(row, "call_id")?.map(Into::into),
        publisher: column::<Option<Uuid>>(row, "publisher_id")?.map(Into::into),
        buyer: column::<Option<Uuid>>(row, "buyer_id")?.map(Into::into),
        kind: parse(&column::<String>(row, "kind")?)?,
        amount: Micros(column(row, "amount")?),
        currency: parse(&column::<String>(row, "currency")?)?,
        description: column(row, "description")?,
        at: Timestamp::from_micros(column(row, "at")?),
    })
}

fn posting_values(posting: &Posting) -> [Value; 10] {
    [
        posting.key.clone().into(),
        i64::from(posting.line).into(),
        posting.group.0.into(),
        posting.tenant.0.into(),
        posting.account.clone().into(),
        posting.amount.0.into(),
        posting.currency.code().into(),
        posting.call.map(|id| id.0).into(),
        posting.description.clone().into(),
        posting.at.micros().into(),
    ]
}

/// One row of `postings`.
pub(crate) fn read_posting(row: &QueryResult) -> Result<Posting, StoreError> {
    Ok(Posting {
        group: column::<Uuid>(row, "group_id")?.into(),
        key: column(row, "group_key")?,
        line: number(column(row, "line")?)?,
        tenant: column::<Uuid>(row, "tenant_id")?.into(),
        account: column(row, "account")?,
        amount: Micros(column(row, "amount")?),
        currency: parse(&column::<String>(row, "currency")?)?,
        call: column::<Option<Uuid>>(row, "call_id")?.map(Into::into),
        description: column(row, "description")?,
        at: Timestamp::from_micros(column(row, "at")?),
    })
}
