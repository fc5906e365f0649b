//! What others answered about numbers.

use async_trait::async_trait;
use domain::{PhoneNumber, Timestamp};
use operations::{KeptLookup, LookupCache, LookupKind, StoreError};
use sea_orm::Value;

use crate::{
    Store,
    convert::{column, from_json, json},
    sql::{execute, query},
};

#[async_trait]
impl LookupCache for Store {
    async fn kept_lookup(
        &self,
        kind: LookupKind,
        number: &PhoneNumber,
        provider: &str,
        now: Timestamp,
    ) -> Result<Option<KeptLookup>, StoreError> {
        let sql = "SELECT facts, looked_up_at, kept_until FROM number_lookups \
                   WHERE kind = $1 AND number = $2 AND provider = $3 AND kept_until > $4";
        let values: [Value; 4] = [kind.as_str().into(), number.as_str().into(), provider.into(), now.micros().into()];
        let rows = query(self.reader(), sql, values).await?;
        let read = |row| {
            Ok(KeptLookup {
                kind,
                number: number.clone(),
                provider: provider.to_owned(),
                facts: from_json(&column::<String>(row, "facts")?)?,
                looked_up_at: Timestamp::from_micros(column(row, "looked_up_at")?),
                kept_until: Timestamp::from_micros(column(row, "kept_until")?),
            })
        };
        rows.first().map(read).transpose()
    }

    async fn keep_lookup(&self, answer: &KeptLookup) -> Result<(), StoreError> {
        let sql = "INSERT INTO number_lookups (kind, number, provider, facts, looked_up_at, kept_until) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, number, provider) DO UPDATE SET \
                   facts = excluded.facts, looked_up_at = excluded.looked_up_at, kept_until = excluded.kept_until";
        let values = vec![
            answer.kind.as_str().into(),
            answer.number.as_str().into(),
            answer.provider.clone().into(),
            json(&answer.facts)?.into(),
            answer.looked_up_at.micros().into(),
            answer.kept_until.micros().into(),
        ];
        self.run(sql, values).await
    }

    async fn forget_lookups(&self, now: Timestamp, count_max: u32) -> Result<u64, StoreError> {
        let sql = "DELETE FROM number_lookups WHERE (kind, number, provider) IN (SELECT kind, number, provider \
                   FROM number_lookups WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2)";
        let values: Vec<Value> = vec![now.micros().into(), i64::from(count_max).into()];
        self.writer().write(move |transaction| Box::pin(async move { execute(transaction, sql, values).await })).await
    }
}
