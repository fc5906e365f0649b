//! Which rows a publisher or a buyer may see, for the kinds of entity that have sides.

use operations::Side;
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};
use uuid::Uuid;

/// Recordings by the side their call is on.
pub(super) fn by_call<C: ColumnTrait>(call: C, side: Side) -> Condition {
    let (column, id) = match side {
        Side::Whole => return Condition::all(),
        Side::Publisher(id) => ("publisher_id", id.0),
        Side::Buyer(id) => ("buyer_id", id.0),
    };
    let calls = Alias::new("calls");
    let own = Query::select()
        .expr(Expr::value(1))
        .from(calls.clone())
        .and_where(Expr::col((calls.clone(), Alias::new("id"))).equals(call.as_column_ref()))
        .and_where(Expr::col((calls, Alias::new(column))).eq(id))
        .to_owned();
    Condition::all().add(Expr::exists(own))
}

/// The publisher a buyer takes calls of.
pub(super) fn publisher_of(buyer: Uuid) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column(Alias::new("publisher_id"))
        .from(Alias::new("buyers"))
        .and_where(Expr::col(Alias::new("id")).eq(buyer))
        .to_owned()
}
