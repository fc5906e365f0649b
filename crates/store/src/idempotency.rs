//! Idempotency keys: who took which for what, and what it came to.

use async_trait::async_trait;
use domain::Timestamp;
use operations::{Begun, IdempotencyKeys, KeptAnswer, KeyedRequest, StoreError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use uuid::Uuid;

use crate::{
    Store,
    convert::{column, from_json, json, number},
    dialect::for_update,
    sql::{execute, query},
};

/// Finds the row of a request; the four values of [`place`] come first.
const WHERE: &str = "WHERE tenant_id = $1 AND who = $2 AND route = $3 AND idempotency_key = $4";

fn place(request: &KeyedRequest) -> Vec<Value> {
    vec![request.tenant.0.into(), request.who.clone().into(), request.route.clone().into(), request.key.clone().into()]
}

async fn begin(
    transaction: &DatabaseTransaction,
    request: KeyedRequest,
    [now, locked_until, expires_at]: [i64; 3],
) -> Result<Begun, StoreError> {
    let mut values = place(&request);
    values.push(now.into());
    execute(transaction, &format!("DELETE FROM idempotency_keys {WHERE} AND expires_at <= $5"), values).await?;
    let mut values = place(&request);
    values.extend([
        request.id.into(),
        request.fingerprint.clone().into(),
        locked_until.into(),
        now.into(),
        expires_at.into(),
    ] as [Value; 5]);
    let insert = "INSERT INTO idempotency_keys \
                  (tenant_id, who, route, idempotency_key, id, fingerprint, locked_until, created_at, expires_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    if execute(transaction, insert, values).await? == 1 {
        return Ok(Begun::First);
    }
    let lock = for_update(transaction.get_database_backend());
    let select =
        format!("SELECT id, fingerprint, locked_until, status, headers, body FROM idempotency_keys {WHERE}{lock}");
    let rows = query(transaction, &select, place(&request)).await?;
    // Gone between the two statements: whoever held it is just done with it.
    let Some(row) = rows.first() else { return Ok(Begun::Running) };
    if column::<String>(row, "fingerprint")? != request.fingerprint {
        return Ok(Begun::OtherRequest);
    }
    if let Some(status) = column::<Option<i64>>(row, "status")? {
        return Ok(Begun::Answered(KeptAnswer {
            status: number(status)?,
            headers: from_json(&column::<String>(row, "headers")?)?,
            body: column(row, "body")?,
        }));
    }
    if column::<i64>(row, "locked_until")? > now {
        return Ok(Begun::Running);
    }
    let mut values = place(&request);
    values.push(locked_until.into());
    execute(transaction, &format!("UPDATE idempotency_keys SET locked_until = $5 {WHERE}"), values).await?;
    Ok(Begun::Again(column::<Uuid>(row, "id")?))
}

impl Store {
    async fn change_key(&self, statement: String, values: Vec<Value>) -> Result<(), StoreError> {
        self.writer()
            .write(move |transaction| Box::pin(async move { execute(transaction, &statement, values).await.map(drop) }))
            .await
    }
}

#[async_trait]
impl IdempotencyKeys for Store {
    async fn begin(
        &self,
        request: &KeyedRequest,
        now: Timestamp,
        locked_until: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Begun, StoreError> {
        let request = request.clone();
        let times = [now, locked_until, expires_at].map(Timestamp::micros);
        self.writer().write(move |transaction| Box::pin(begin(transaction, request, times))).await
    }

    async fn answer(&self, request: &KeyedRequest, answer: &KeptAnswer) -> Result<(), StoreError> {
        let mut values = place(request);
        let headers = json(&answer.headers)?;
        values.extend([i64::from(answer.status).into(), headers.into(), answer.body.clone().into()] as [Value; 3]);
        self.change_key(format!("UPDATE idempotency_keys SET status = $5, headers = $6, body = $7 {WHERE}"), values)
            .await
    }

    async fn free(&self, request: &KeyedRequest) -> Result<(), StoreError> {
        self.change_key(format!("DELETE FROM idempotency_keys {WHERE} AND status IS NULL"), place(request)).await
    }

    async fn unlock(&self, request: &KeyedRequest) -> Result<(), StoreError> {
        self.change_key(format!("UPDATE idempotency_keys SET locked_until = 0 {WHERE}"), place(request)).await
    }

    async fn forget_keys(&self, now: Timestamp, count_max: u32) -> Result<u64, StoreError> {
        let values: Vec<Value> = vec![now.micros().into(), i64::from(count_max).into()];
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "DELETE FROM idempotency_keys WHERE id IN \
                               (SELECT id FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
                    execute(transaction, sql, values).await
                })
            })
            .await
    }
}
