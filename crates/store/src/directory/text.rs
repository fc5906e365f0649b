//! Looking for text.

use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr},
};

/// True where the text holds `part`, upper or lower case alike in every database.
pub(crate) fn holds<C: ColumnTrait>(column: C, part: &str) -> SimpleExpr {
    let mut pattern = String::from("%");
    for character in part.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Func::lower(Expr::col(column.as_column_ref())).like(LikeExpr::new(pattern).escape('!'))
}
