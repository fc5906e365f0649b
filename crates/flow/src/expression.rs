//! Conditions: CEL, bounded and without loops.
//!
//! What a caller controls reaches an expression as values only, never as its text. See docs/adr/0030.

mod dollar;
mod variables;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::parser::PrattParser;
use cel::{Context, Env, Value};

use crate::Limits;
pub(crate) use variables::Variables;

/// Functions an expression may call. None of them makes more than its arguments hold, so that cost is bounded by length.
const FUNCTIONS: [&str; 8] = ["size", "contains", "startsWith", "endsWith", "string", "int", "uint", "double"];

/// Levels below a variable.
const PATH_MAX: usize = 16;

const OPERATORS: [&str; 17] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::IN,
];

/// CEL's own functions. Made once: it is dearer than evaluating.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition, read and checked.
#[derive(Debug)]
pub(crate) struct Expression {
    syntax: IdedExpr,
    /// By variable, the fields asked of it: `caller` -> [["number"], ["name"]]. Those missing at run time read as empty text.
    asked: BTreeMap<String, Vec<Vec<String>>>,
}

impl Expression {
    /// Reads a condition. `Err` says what is wrong with it.
    pub(crate) fn compile(text: &str, limits: &Limits) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("is empty; write a condition such as caller.number == '+15551234567'.".to_owned());
        }
        if text.len() > limits.expression_bytes_max {
            return Err(format!("is too long; at most {} bytes.", limits.expression_bytes_max));
        }
        let plain = dollar::unwrap(text)?;
        let syntax = PrattParser::new()
            .max_recursion_depth(limits.expression_depth_max)
            .error_recovery_limit(0)
            .max_expression_node_count(limits.expression_bytes_max)
            .parse(&plain)
            .map_err(|errors| format!("is no valid expression: {}", first_line(&errors.to_string())))?;
        let mut asked = BTreeMap::new();
        survey(&syntax, limits.expression_depth_max, &mut asked)?;
        Ok(Self { syntax, asked })
    }

    /// Stands in for one that could not be read.
    pub(crate) fn never() -> Self {
        Self { syntax: IdedExpr::default(), asked: BTreeMap::new() }
    }

    /// True when it is true of these variables; anything else, errors included, is false.
    pub(crate) fn holds(&self, variables: &Variables<'_>) -> bool {
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        for (name, paths) in &self.asked {
            context.add_variable_from_value(name.as_str(), variables.value(name, paths));
        }
        matches!(Value::resolve(&self.syntax, &context), Ok(Value::Bool(true)))
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

type Asked = BTreeMap<String, Vec<Vec<String>>>;

/// Walks the syntax: refuses what is not in the language and notes which variables and fields are asked for.
fn survey(node: &IdedExpr, depth_left: u16, asked: &mut Asked) -> Result<(), String> {
    let depth_left = depth_left.checked_sub(1).ok_or("is nested too deeply; split it over several if nodes.")?;
    if let Some((root, path)) = path_of(node) {
        if path.len() > PATH_MAX {
            return Err(format!("asks for a field more than {PATH_MAX} levels down; no variable goes so deep."));
        }
        let paths = asked.entry(root.to_owned()).or_default();
        paths.push(path.into_iter().map(str::to_owned).collect());
        return Ok(());
    }
    match &node.expr {
        Expr::Literal(LiteralValue::Bytes(_)) => Err("uses a byte literal; write text without the b.".to_owned()),
        Expr::Literal(_) | Expr::Ident(_) => Ok(()),
        // `has(a.b)`: the field itself must not be filled in, or it would always be there.
        Expr::Select(select) => survey(&select.operand, depth_left, asked),
        Expr::Call(call) => survey_call(call, depth_left, asked),
        Expr::List(list) if list.optional_indices.is_empty() => {
            list.elements.iter().try_for_each(|element| survey(element, depth_left, asked))
        }
        Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) if !entry.optional => {
                survey(&entry.key, depth_left, asked)?;
                survey(&entry.value, depth_left, asked)
            }
            _ => Err("uses an optional map entry, which is not in the language.".to_owned()),
        }),
        Expr::Comprehension(_) => {
            Err("loops (all, exists, exists_one, map, filter), which is not in the language.".to_owned())
        }
        Expr::List(_) | Expr::Struct(_) | Expr::Unspecified => {
            Err("uses syntax that is not in the language.".to_owned())
        }
    }
}

fn survey_call(call: &CallExpr, depth_left: u16, asked: &mut Asked) -> Result<(), String> {
    let name = call.func_name.as_str();
    let known = OPERATORS.contains(&name) || name == operators::INDEX || FUNCTIONS.contains(&name);
    if !known {
        let shown: String = name.chars().take(80).collect();
        return Err(format!("calls \"{shown}\", which is not in the language; known are {}.", FUNCTIONS.join(", ")));
    }
    if let Some(target) = &call.target {
        survey(target, depth_left, asked)?;
    }
    call.args.iter().try_for_each(|argument| survey(argument, depth_left, asked))
}

/// `a.b.c` and `a['b'].c`, as the variable and the fields below it.
fn path_of(node: &IdedExpr) -> Option<(&str, Vec<&str>)> {
    let mut path = Vec::new();
    let mut node = node;
    loop {
        match &node.expr {
            Expr::Ident(root) => {
                path.reverse();
                return Some((root, path));
            }
            Expr::Select(select) if !select.test => {
                path.push(select.field.as_str());
                node = &select.operand;
            }
            Expr::Call(call) if call.func_name == operators::INDEX && call.target.is_none() => {
                match call.args.as_slice() {
                    [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(key)), .. }] => {
                        path.push(key.inner());
                        node = operand;
                    }
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
