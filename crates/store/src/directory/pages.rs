//! Pages of a table, in any order it has a column for.

use operations::{Listed, Order, Page, PageRequest, PageStart, StoreError, TOTAL_MAX, Total};
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, EntityTrait, IntoSimpleExpr as _, ModelTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait as _, Query, SimpleExpr},
};

use crate::{convert::column, cursor::Cursor, dialect::store_error};

/// How a table's rows are ordered.
pub(crate) struct Ordered<C> {
    column: C,
    /// Settles ties.
    id: C,
    falls: bool,
    /// Behind every cursor of an order that is not the usual one: a cursor goes on only where it came from.
    mark: String,
}

impl<C: ColumnTrait> Ordered<C> {
    /// The order a page of `L` asks for; `of` knows the members' columns.
    pub fn of<L: Listed>(page: &PageRequest, of: impl Fn(&str) -> Option<C>, id: C) -> Result<Self, StoreError> {
        let Order { field, falls } = page.order_of::<L>();
        let column = of(field).ok_or_else(|| StoreError::failed(format!("no list is ordered by {field}")))?;
        let mark = if field == Order::usual::<L>().field { String::new() } else { format!("~{field}") };
        Ok(Self { column, id, falls, mark })
    }

    /// What rows are compared by. Databases do not agree where NULL stands: here it is before everything.
    fn place(&self) -> SimpleExpr {
        let column = Expr::col(self.column.as_column_ref());
        let definition = self.column.def();
        match definition.get_column_type() {
            _ if !definition.is_null() => column,
            ColumnType::BigInteger => column.if_null(i64::MIN),
            _ => column.if_null(""),
        }
    }
}

/// A page, and how many there are where it is asked for by number.
pub(crate) async fn read<T>(
    reader: &impl ConnectionTrait,
    query: Select<T>,
    page: &PageRequest,
    ordered: &Ordered<T::Column>,
) -> Result<Page<T::Model>, StoreError>
where
    T: EntityTrait,
    T::Model: Send + Sync,
    Select<T>: Send + Sync,
{
    let limit = u64::from(page.limit);
    let place = ordered.place();
    let (total, mut query) = match &page.from {
        PageStart::Number(number) => {
            let counted = query.clone().select_only().column(ordered.id).limit(TOTAL_MAX).into_query();
            let counting = Query::select()
                .expr_as(Expr::col(Asterisk).count(), "total")
                .from_subquery(counted, "counted")
                .to_owned();
            let row = reader.query_one(&counting).await.map_err(store_error)?;
            let total: Option<i64> = row.map(|row| column(&row, "total")).transpose()?;
            let skipped = u64::from(number.saturating_sub(1)).saturating_mul(limit);
            (total.map(Total::of), query.offset(skipped))
        }
        PageStart::Cursor(text) => {
            let cursor = Cursor::parse(text.strip_suffix(&ordered.mark).unwrap_or(""))?;
            let (value, id) = (cursor.value(), cursor.id);
            // Both at once, which an index goes straight to.
            let here = Expr::tuple([place.clone(), ordered.id.into_simple_expr()]);
            let last = Expr::tuple([Expr::value(value), Expr::value(id)]);
            (None, query.filter(if ordered.falls { here.lt(last) } else { here.gt(last) }))
        }
    };
    let order = if ordered.falls { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
    query = query.order_by(place, order.clone()).order_by(ordered.id, order).limit(limit + 1);
    let mut items = query.all(reader).await.map_err(store_error)?;
    let more = items.len() > page.limit as usize;
    items.truncate(page.limit as usize);
    let next = match items.last() {
        Some(last) if more => {
            let cursor = Cursor::new(&last.get(ordered.column), &last.get(ordered.id))?;
            Some(format!("{cursor}{}", ordered.mark))
        }
        _ => None,
    };
    Ok(Page { items, total, next })
}
