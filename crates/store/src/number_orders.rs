//! Orders of numbers, and numbers across tenants.

use async_trait::async_trait;
use domain::{NumberId, NumberOrderId, PhoneNumber, TenantId, Timestamp};
use operations::{
    Entity, Number, NumberOrder, NumberOrderFilter, NumberOrders, NumberStatus, Page, PageRequest, StoreError,
    TenantScope,
};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryResult, Value};

use self::table::{Column, Entity as Table};

use crate::{
    Store,
    convert::{column, from_json, json, parse},
    directory::{Ordered, insert_number, read_numbers, read_page, refusal, routing_changed},
    sql::{execute, query},
};

/// For pages of it.
mod table {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "number_orders")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub kind: String,
        pub state: String,
        pub provider: String,
        pub number: String,
        pub number_id: Uuid,
        pub provider_id: Option<String>,
        pub purpose: String,
        pub error: Option<String>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const COLUMNS: &str =
    "id, tenant_id, kind, state, provider, number, number_id, provider_id, purpose, error, created_at, updated_at";
/// Longest error kept.
const ERROR_CHARS_MAX: usize = 500;

fn read(row: &QueryResult) -> Result<NumberOrder, StoreError> {
    let text = |name: &str| column::<String>(row, name);
    Ok(NumberOrder {
        id: NumberOrderId(column(row, "id")?),
        tenant: TenantId(column(row, "tenant_id")?),
        kind: parse(&text("kind")?)?,
        state: parse(&text("state")?)?,
        provider: text("provider")?,
        number: parse(&text("number")?)?,
        number_id: NumberId(column(row, "number_id")?),
        provider_id: column(row, "provider_id")?,
        purpose: from_json(&text("purpose")?)?,
        error: column(row, "error")?,
        created_at: Timestamp::from_micros(column(row, "created_at")?),
        updated_at: Timestamp::from_micros(column(row, "updated_at")?),
    })
}

fn from_row(row: table::Model) -> Result<NumberOrder, StoreError> {
    Ok(NumberOrder {
        id: NumberOrderId(row.id),
        tenant: TenantId(row.tenant_id),
        kind: parse(&row.kind)?,
        state: parse(&row.state)?,
        provider: row.provider,
        number: parse(&row.number)?,
        number_id: NumberId(row.number_id),
        provider_id: row.provider_id,
        purpose: from_json(&row.purpose)?,
        error: row.error,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

impl Store {
    async fn orders(
        &self,
        condition: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<NumberOrder>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM number_orders WHERE {condition}");
        query(self.reader(), &sql, values).await?.iter().map(read).collect()
    }
}

#[async_trait]
impl NumberOrders for Store {
    async fn place_order(&self, order: &NumberOrder) -> Result<(), StoreError> {
        let values: Vec<Value> = vec![
            order.id.0.into(),
            order.tenant.0.into(),
            order.kind.as_str().into(),
            order.state.as_str().into(),
            order.provider.clone().into(),
            order.number.to_string().into(),
            order.number_id.0.into(),
            order.provider_id.clone().into(),
            json(&order.purpose)?.into(),
            order.error.clone().into(),
            order.created_at.micros().into(),
            order.updated_at.micros().into(),
        ];
        let conflict = format!("an order of {} is pending", order.number);
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = format!(
                        "INSERT INTO number_orders ({COLUMNS}) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING"
                    );
                    match execute(transaction, &sql, values).await? {
                        0 => Err(StoreError::Conflict { entity: "number order", reason: conflict }),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }

    async fn finish_purchase(&self, order: &NumberOrder, number: &Number) -> Result<bool, StoreError> {
        let (order, number) = (order.clone(), number.clone());
        self.writer().write(move |transaction| Box::pin(finish_purchase(transaction, order, number))).await
    }

    async fn finish_release(&self, order: &NumberOrder, now: Timestamp) -> Result<(), StoreError> {
        let order = order.clone();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    end(transaction, order.id, None, now).await?;
                    let sql = "UPDATE numbers SET status = $1, released_at = $2, updated_at = $2 \
                               WHERE tenant_id = $3 AND id = $4 AND released_at IS NULL";
                    let values = [
                        NumberStatus::Inactive.as_str().into(),
                        now.micros().into(),
                        order.tenant.0.into(),
                        order.number_id.0.into(),
                    ];
                    execute(transaction, sql, values).await?;
                    routing_changed(transaction, order.tenant).await
                })
            })
            .await
    }

    async fn fail_order(
        &self,
        order: &NumberOrder,
        error: &str,
        is_final: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = order.id;
        let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
        let state = if is_final { "failed" } else { "pending" };
        let sql =
            "UPDATE number_orders SET state = $1, error = $2, updated_at = $3 WHERE id = $4 AND state = 'pending'";
        self.run(sql, vec![state.into(), error.into(), now.micros().into(), id.0.into()]).await
    }

    async fn pending_orders(&self, before: Timestamp, limit: u32) -> Result<Vec<NumberOrder>, StoreError> {
        // By the last try: one that stays pending does not stand before those that come after it.
        let condition = "state = 'pending' AND created_at < $1 ORDER BY updated_at, id LIMIT $2";
        self.orders(condition, [before.micros().into(), i64::from(limit).into()]).await
    }

    async fn last_order(&self, provider: &str, number: &PhoneNumber) -> Result<Option<NumberOrder>, StoreError> {
        let condition = "provider = $1 AND number = $2 ORDER BY created_at DESC, id DESC LIMIT 1";
        let found = self.orders(condition, [provider.into(), number.to_string().into()]).await?;
        Ok(found.into_iter().next())
    }

    async fn orders_of(
        &self,
        scope: TenantScope,
        filter: &NumberOrderFilter,
        page: &PageRequest,
    ) -> Result<Page<NumberOrder>, StoreError> {
        let mut query = Table::find().filter(Column::TenantId.eq(scope.tenant().0));
        if let Some(state) = filter.state {
            query = query.filter(Column::State.eq(state.as_str()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(Column::Kind.eq(kind.as_str()));
        }
        let ordered = Ordered::of::<NumberOrder>(page, |field| field.parse().ok(), Column::Id)?;
        let rows = read_page(&self.scoped(scope).await?, query, page, &ordered).await?;
        let items = rows.items.into_iter().map(from_row).collect::<Result<_, _>>()?;
        Ok(Page { items, total: rows.total, next: rows.next })
    }

    async fn numbers_from(&self, provider: &str) -> Result<Vec<Number>, StoreError> {
        read_numbers(self.reader(), |column| match column {
            "provider" => Some(provider.to_owned()),
            _ => None,
        })
        .await
    }

    async fn holders_of(&self, number: &PhoneNumber) -> Result<Vec<Number>, StoreError> {
        read_numbers(self.reader(), |column| match column {
            "number" => Some(number.to_string()),
            _ => None,
        })
        .await
    }
}

async fn end(
    transaction: &DatabaseTransaction,
    id: NumberOrderId,
    provider_id: Option<String>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE number_orders SET state = 'done', error = NULL, provider_id = COALESCE($1, provider_id), \
               updated_at = $2 WHERE id = $3 AND state <> 'done'";
    execute(transaction, sql, [provider_id.into(), now.micros().into(), id.0.into()]).await
}

async fn finish_purchase(
    transaction: &DatabaseTransaction,
    order: NumberOrder,
    number: Number,
) -> Result<bool, StoreError> {
    if end(transaction, order.id, number.provider_id.clone(), number.updated_at).await? == 0 {
        return Ok(false);
    }
    let before = "SELECT id, released_at FROM numbers WHERE tenant_id = $1 AND number = $2";
    let rows = query(transaction, before, [order.tenant.0.into(), order.number.to_string().into()]).await?;
    let number = match rows.first() {
        None => number,
        Some(row) if column::<Option<i64>>(row, "released_at")?.is_some() => {
            // It was given back once: the old row, which calls and pools know, lives again.
            let id = NumberId(column(row, "id")?);
            let sql = "DELETE FROM numbers WHERE tenant_id = $1 AND id = $2";
            // Pools let go of it; calls keep the id, which is the same again.
            execute(transaction, sql, [order.tenant.0.into(), id.0.into()]).await?;
            Number { id, ..number }
        }
        Some(_) => {
            let reason = format!("{} is this tenant's already", order.number);
            return Err(StoreError::Conflict { entity: Number::NAME, reason });
        }
    };
    insert_number(transaction, &number).await.map_err(|error| refusal(Number::NAME, error, false))?;
    routing_changed(transaction, order.tenant).await?;
    Ok(true)
}
