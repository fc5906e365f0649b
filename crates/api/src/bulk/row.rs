//! From a row of a file to the body the POST of its kind would have.

use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{SchemaType, Type},
    },
};

use crate::problem::{ApiError, ApiResult, Fault};

/// Faults of one heading.
const FAULTS_MAX: usize = 50;
/// Characters of a column's title that are shown.
const TITLE_CHARS_MAX: usize = 64;

/// What a cell of CSV holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    /// JSON, or words with `|` between them.
    List,
    /// JSON.
    Document,
    /// Shown in exports, and not for the one who imports to say.
    Ignored,
}

/// The members of a body, and which of them a view shows only.
#[derive(Debug)]
pub struct Members(Vec<(String, Kind)>);

impl Members {
    /// Those of `Create`, and those only `View` has.
    pub fn of<Create: ToSchema, View: PartialSchema>() -> Self {
        let mut known = Vec::new();
        Create::schemas(&mut known);
        let mut members = Vec::new();
        for (name, schema) in properties(&Create::schema()) {
            members.push((name, kind_of(&schema, &known)));
        }
        for (name, _) in properties(&View::schema()) {
            if !members.iter().any(|(member, _)| *member == name) {
                members.push((name, Kind::Ignored));
            }
        }
        Self(members)
    }

    /// The body of a line of JSON: what only exports show is left out.
    pub fn body_of(&self, mut value: Value) -> Value {
        if let Value::Object(members) = &mut value {
            members.retain(|name, _| !self.0.iter().any(|(member, kind)| member == name && *kind == Kind::Ignored));
        }
        value
    }

    /// What the columns under a heading hold. However it is written: `phoneNumber`, `phone_number`, `Phone Number`.
    pub fn columns(&self, heading: &[String]) -> ApiResult<Columns> {
        let mut columns = Vec::with_capacity(heading.len());
        let mut faults = Vec::new();
        for title in heading {
            let shown: String = title.chars().take(TITLE_CHARS_MAX).collect();
            // `publisher.name` of an export is part of what a view has.
            let member = title.split('.').next().unwrap_or(title);
            let found = self.0.iter().find(|(name, _)| plain(name) == plain(member));
            let found = found.filter(|(_, kind)| member == title || *kind == Kind::Ignored);
            let is_double = |name: &str| columns.iter().any(|(known, _): &(String, Kind)| known == name);
            match found {
                Some((name, kind)) if *kind != Kind::Ignored && is_double(name) => {
                    faults.push(Fault::body(shown, "is a column twice"))
                }
                Some(found) => columns.push(found.clone()),
                None => faults.push(Fault::body(shown, format!("is none of the columns {}", self.names()))),
            }
        }
        faults.truncate(FAULTS_MAX);
        if faults.is_empty() { Ok(Columns(columns)) } else { Err(ApiError::validation(faults)) }
    }

    fn names(&self) -> String {
        let names = self.0.iter().filter(|(_, kind)| *kind != Kind::Ignored).map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}

/// What the columns of a file hold.
#[derive(Debug)]
pub struct Columns(Vec<(String, Kind)>);

impl Columns {
    /// The body of a row: an empty cell is a member not given.
    pub fn body_of(&self, cells: Vec<String>) -> ApiResult<Value> {
        if cells.len() > self.0.len() {
            let message = format!("has {} cells under {} columns", cells.len(), self.0.len());
            return Err(ApiError::validation(vec![Fault::body("", message)]));
        }
        let given = self.0.iter().zip(cells).filter(|((_, kind), cell)| *kind != Kind::Ignored && !cell.is_empty());
        Ok(Value::Object(
            given.map(|((name, kind), cell)| (name.clone(), value_of(*kind, cell))).collect::<Map<_, _>>(),
        ))
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// A cell that does not fit its kind stays text, and is refused by the body's own rules.
fn value_of(kind: Kind, cell: String) -> Value {
    let parsed = || serde_json::from_str::<Value>(&cell).ok();
    let value = match kind {
        Kind::Number => parsed().filter(Value::is_number),
        Kind::Flag => match cell.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(Value::Bool(true)),
            "false" | "no" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::List if cell.starts_with(['[', '{']) => parsed(),
        Kind::List => {
            Some(cell.split('|').map(str::trim).filter(|word| !word.is_empty()).map(|word| json!(word)).collect())
        }
        Kind::Document => parsed(),
        Kind::Text | Kind::Ignored => None,
    };
    value.unwrap_or(Value::String(cell))
}

fn properties(schema: &RefOr<Schema>) -> Vec<(String, RefOr<Schema>)> {
    let RefOr::T(Schema::Object(object)) = schema else { return Vec::new() };
    object.properties.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect()
}

fn kind_of(schema: &RefOr<Schema>, known: &[(String, RefOr<Schema>)]) -> Kind {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or("");
            known.iter().find(|(known, _)| known == name).map_or(Kind::Document, |(_, schema)| kind_of(schema, known))
        }
        RefOr::T(Schema::Array(_)) => Kind::List,
        RefOr::T(Schema::OneOf(either)) => {
            let kinds: Vec<Kind> =
                either.items.iter().filter(|item| !is_null(item)).map(|item| kind_of(item, known)).collect();
            if kinds.contains(&Kind::List) { Kind::List } else { kinds.first().copied().unwrap_or(Kind::Text) }
        }
        RefOr::T(Schema::Object(object)) => match first_type(&object.schema_type) {
            Some(Type::Integer | Type::Number) => Kind::Number,
            Some(Type::Boolean) => Kind::Flag,
            Some(Type::String) => Kind::Text,
            Some(Type::Array) => Kind::List,
            _ => Kind::Document,
        },
        RefOr::T(_) => Kind::Document,
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn first_type(schema_type: &SchemaType) -> Option<Type> {
    match schema_type {
        SchemaType::Type(one) => Some(one.clone()),
        SchemaType::Array(several) => several.iter().find(|one| **one != Type::Null).cloned(),
        SchemaType::AnyValue => None,
    }
}
