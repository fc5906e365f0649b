//! The books: prices in force, balances, and what settling reads and writes.

use async_trait::async_trait;
use domain::{CallId, Currency, Micros, TenantId, Timestamp};
use operations::{
    Accrual, Balance, BillingAccount, BillingAccountStatus, Books, Posting, RateCard, RateCardStatus, Repository,
    SettleInput, Settled, SettledBefore, Settlement, Settlements, Side, StoreError, TenantScope,
};
use sea_orm::QueryResult;
use uuid::Uuid;

use crate::{
    Store,
    calls::{accruals_of, postings_of},
    convert::{column, from_json, number, parse},
    hot::events_of,
    sql::query,
};

#[async_trait]
impl Books for Store {
    async fn rate_card_at(
        &self,
        scope: TenantScope,
        at: Timestamp,
    ) -> Result<Option<(BillingAccount, RateCard)>, StoreError> {
        let sql = "SELECT card.id AS card, card.account_id AS account FROM rate_cards card \
                   JOIN billing_accounts account ON account.id = card.account_id AND account.tenant_id = card.tenant_id \
                   WHERE card.tenant_id = $1 AND card.status = 'ACTIVE' AND account.status = 'ACTIVE' \
                   AND card.effective_from <= $2 AND (card.effective_to IS NULL OR card.effective_to >= $2) \
                   ORDER BY card.effective_from DESC, card.id DESC LIMIT 1";
        let rows = query(&self.scoped(scope).await?, sql, [scope.tenant().0.into(), at.micros().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let card: Option<RateCard> = self.find(scope, column::<Uuid>(row, "card")?.into()).await?;
        let account: Option<BillingAccount> = self.find(scope, column::<Uuid>(row, "account")?.into()).await?;
        Ok(account.zip(card))
    }

    async fn balances(&self, scope: TenantScope) -> Result<Vec<Balance>, StoreError> {
        let mut values = vec![scope.tenant().0.into()];
        // One account of the books belongs to each publisher and each buyer (operations::settle).
        let own = match scope.side() {
            Side::Whole => None,
            Side::Publisher(id) => Some(format!("publisher_payable:{id}")),
            Side::Buyer(id) => Some(format!("buyer_receivable:{id}")),
        };
        let only = if own.is_some() { " AND account = $2" } else { "" };
        values.extend(own.map(sea_orm::Value::from));
        let sql = format!(
            "SELECT account, currency, amount FROM balances WHERE tenant_id = $1{only} ORDER BY account, currency"
        );
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        rows.iter()
            .map(|row| {
                let currency: Currency = parse(&column::<String>(row, "currency")?)?;
                Ok(Balance { account: column(row, "account")?, currency, amount: Micros(column(row, "amount")?) })
            })
            .collect()
    }

    async fn postings_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<Posting>, StoreError> {
        postings_of(&self.scoped(scope).await?, scope, call).await
    }

    async fn accruals_of_call(&self, scope: TenantScope, call: CallId) -> Result<Vec<Accrual>, StoreError> {
        accruals_of(&self.scoped(scope).await?, scope, call).await
    }
}

fn read_settled(row: &QueryResult) -> Result<SettledBefore, StoreError> {
    Ok(SettledBefore {
        revision: number(column(row, "revision")?)?,
        cdr: from_json(&column::<String>(row, "record")?)?,
        charge: from_json(&column::<String>(row, "charge")?)?,
    })
}

#[async_trait]
impl Settlements for Store {
    async fn settle_inputs(&self, calls: &[(TenantId, CallId)]) -> Result<Vec<SettleInput>, StoreError> {
        let mut inputs = Vec::with_capacity(calls.len());
        for (tenant, call) in calls {
            // What was settled first: what is read after it can only be newer, and then the settlement is stale, not wrong.
            let sql = "SELECT revision, record, charge FROM cdrs WHERE call_id = $1 AND tenant_id = $2";
            let rows = query(self.reader(), sql, [call.0.into(), tenant.0.into()]).await?;
            let before = rows.first().map(read_settled).transpose()?;
            inputs.push(SettleInput { before, events: events_of(self.reader(), *call).await? });
        }
        Ok(inputs)
    }

    async fn active_rate_cards(&self, tenant: TenantId) -> Result<Vec<(BillingAccount, RateCard)>, StoreError> {
        let scope = TenantScope::of(tenant);
        let accounts: Vec<BillingAccount> = self.all_of(scope).await?;
        let cards: Vec<RateCard> = self.all_of(scope).await?;
        let active = cards.into_iter().filter(|card| card.status == RateCardStatus::Active);
        let with_account = active.filter_map(|card| {
            let account = accounts.iter().find(|account| account.id == card.account)?;
            (account.status == BillingAccountStatus::Active).then(|| (account.clone(), card))
        });
        Ok(with_account.collect())
    }

    async fn write_settlements(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.writer().settle(settlements).await
    }
}
