//! What the document says of each property: what it is, and how much of it is taken. What it says is what is checked.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;
use syn::{Attribute, Expr, Item, ItemStruct, Lit, Meta, Token, UnOp, punctuated::Punctuated};

use crate::openapi::{Operation, document};

/// Properties of requests without a bound, and why.
const UNBOUNDED: &[(&str, &str)] = &[
    ("removeDncEntry?phoneNumber", "what is no number is on no list: 404"),
    ("streamLinkedRecording?link", "what was not sealed here leads nowhere: 404"),
    ("RecordingForm.file", "a setting bounds it: 413"),
    ("GivenCampaign", "an id, or a name of 1 to 200 characters: the macro takes no bounds for either of two"),
];

/// Visits a schema and all it is made of where it stands; not what it refers to.
fn visit(place: &str, schema: &Value, seen: &mut impl FnMut(&str, Option<&str>, &Value)) {
    for parts in ["oneOf", "anyOf", "allOf"] {
        for part in schema[parts].as_array().into_iter().flatten() {
            visit(place, part, seen);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        seen(&place, Some(name), property);
        visit(&place, property, seen);
    }
    for (part, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[part].is_object() {
            let place = format!("{place}{mark}");
            seen(&place, None, &schema[part]);
            visit(&place, &schema[part], seen);
        }
    }
}

fn is_described(schema: &Value) -> bool {
    let parts = ["oneOf", "anyOf", "allOf"].iter().flat_map(|parts| schema[parts].as_array().into_iter().flatten());
    schema["description"].as_str().is_some_and(|text| !text.is_empty()) || parts.into_iter().any(is_described)
}

/// Whether it is bounded: what it refers to is looked at under its own name.
fn is_bounded(schema: &Value) -> bool {
    let mut parts = ["oneOf", "anyOf", "allOf"].iter().flat_map(|parts| schema[parts].as_array().into_iter().flatten());
    let types: Vec<&str> = match &schema["type"] {
        Value::String(only) => vec![only],
        all => all.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    };
    let has = |names: &[&str]| names.iter().any(|name| !schema[name].is_null());
    let is_type_bounded = types.iter().all(|kind| match *kind {
        "string" => has(&["maxLength", "enum", "const", "pattern"]) || schema["format"].as_str().is_some_and(is_short),
        "integer" => has(&["maximum", "enum", "const", "format"]),
        "number" => has(&["maximum", "enum", "const"]),
        "array" => has(&["maxItems"]),
        _ => true,
    });
    is_type_bounded && parts.all(is_bounded)
}

/// Whether a format says how long a text is.
fn is_short(format: &str) -> bool {
    matches!(format, "uuid" | "date" | "date-time" | "ip")
}

/// Names of the schemas requests are made of.
fn requested(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            if let Some(name) = name
                && names.insert(name.to_owned())
            {
                requested(&document()["components"]["schemas"][name], names);
            }
            members.values().for_each(|member| requested(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| requested(item, names)),
        _ => {}
    }
}

fn schemas() -> impl Iterator<Item = (&'static String, &'static Value)> {
    document()["components"]["schemas"].as_object().unwrap().iter()
}

#[test]
fn every_property_and_parameter_is_described() {
    let mut missing = Vec::new();
    for (name, schema) in schemas() {
        visit(name, schema, &mut |place, property, schema| {
            if property.is_some() && !is_described(schema) {
                missing.push(place.to_owned());
            }
        });
    }
    for operation in Operation::all() {
        let all = operation.parameters().filter(|parameter| !is_described(parameter));
        missing.extend(all.map(|parameter| format!("{}?{}", operation.id(), parameter["name"])));
    }
    assert!(
        missing.is_empty(),
        "{} without a description; write `/// ...` at the field:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn everything_asked_for_is_bounded() {
    let mut names = BTreeSet::new();
    let mut unbounded = Vec::new();
    for operation in Operation::all() {
        for (place, content) in operation.contents() {
            if place.starts_with("body ") {
                requested(&content["schema"], &mut names);
            }
        }
        // Headers are bounded together, by the server.
        for parameter in operation.parameters() {
            let place = format!("{}?{}", operation.id(), parameter["name"].as_str().unwrap());
            if !is_bounded(&parameter["schema"]) {
                unbounded.push(place.clone());
            }
            visit(&place, &parameter["schema"], &mut |place, _, schema| {
                if !is_bounded(schema) {
                    unbounded.push(place.to_owned());
                }
            });
        }
    }
    for (name, schema) in schemas().filter(|(name, _)| names.contains(*name)) {
        if !is_bounded(schema) {
            unbounded.push(name.clone());
        }
        visit(name, schema, &mut |place, _, schema| {
            if !is_bounded(schema) {
                unbounded.push(place.to_owned());
            }
        });
    }
    let vain: Vec<_> = UNBOUNDED.iter().filter(|(place, _)| !unbounded.iter().any(|one| one == place)).collect();
    assert!(vain.is_empty(), "bounded, or gone: {vain:?}");
    unbounded.retain(|place| !UNBOUNDED.iter().any(|(known, _)| known == place));
    assert!(
        unbounded.is_empty(),
        "{} without a bound; write what is checked: `#[schema(max_length = ...)]`, `maximum`, `max_items`, `pattern`:\n{}",
        unbounded.len(),
        unbounded.join("\n")
    );
}

/// Whole numbers and decimals by name, of every crate; the own file's come first.
struct Constants(BTreeMap<String, Vec<(PathBuf, f64)>>);

fn sources(folder: &Path, found: &mut Vec<(PathBuf, syn::File)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.clone(), syn::parse_file(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))));
        }
    }
}

impl Constants {
    fn of(files: &[(PathBuf, syn::File)]) -> Self {
        let mut known: BTreeMap<String, Vec<(PathBuf, f64)>> = BTreeMap::new();
        for (path, file) in files {
            for item in &file.items {
                if let Item::Const(item) = item
                    && let Some(value) = Self(BTreeMap::new()).value(path, &item.expr)
                {
                    known.entry(item.ident.to_string()).or_default().push((path.clone(), value));
                }
            }
        }
        Self(known)
    }

    fn value(&self, file: &Path, expression: &Expr) -> Option<f64> {
        match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => number.base10_parse().ok(),
                Lit::Float(number) => number.base10_parse().ok(),
                _ => None,
            },
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Some(-self.value(file, &unary.expr)?),
            Expr::Binary(binary) if matches!(binary.op, syn::BinOp::Mul(_)) => {
                Some(self.value(file, &binary.left)? * self.value(file, &binary.right)?)
            }
            Expr::Path(path) => {
                let all = self.0.get(&path.path.segments.last()?.ident.to_string())?;
                let own = all.iter().find(|(place, _)| place == file);
                own.or(all.first()).map(|(_, value)| *value)
            }
            _ => None,
        }
    }
}

type Bounds = BTreeMap<String, f64>;

fn metas(attribute: &Attribute) -> Vec<Meta> {
    let parsed = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    parsed.map(|all| all.into_iter().collect()).unwrap_or_default()
}

/// What garde checks of a field, by the document's names of it; what it checks of items beside.
fn checked(constants: &Constants, file: &Path, rules: &[Meta], bounds: &mut Bounds) {
    for rule in rules {
        let Meta::List(rule) = rule else { continue };
        let name = rule.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let inside = rule.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        let inside: Vec<Meta> = inside.map(|all| all.into_iter().collect()).unwrap_or_default();
        match name.as_str() {
            "inner" => checked(constants, file, &inside, bounds),
            "length" | "range" => {
                let has_chars = inside.iter().any(|meta| meta.path().is_ident("chars"));
                for meta in &inside {
                    let Meta::NameValue(limit) = meta else { continue };
                    let end = limit.path.segments.last().unwrap().ident.to_string();
                    let value = constants.value(file, &limit.value);
                    let value = value.unwrap_or_else(|| panic!("{file:?}: a limit of {name} is not known"));
                    let bound = match (name.as_str(), has_chars) {
                        ("range", _) => format!("{end}imum"),
                        (_, true) => format!("{end}_length"),
                        (_, false) => format!("{end}_items"),
                    };
                    bounds.insert(bound, value);
                }
            }
            _ => {}
        }
    }
}

/// The bounds of the aliases of `wire::Text`.
fn texts() -> BTreeMap<String, (f64, f64)> {
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire.rs")).unwrap();
    let aliases = source.lines().filter_map(|line| line.strip_prefix("pub type ")?.split_once(" = Text<"));
    let bounds = aliases.map(|(name, ends)| {
        let (least, greatest) = ends.trim_end_matches(">;").split_once(", ").unwrap();
        (name.to_owned(), (least.parse().unwrap(), greatest.parse().unwrap()))
    });
    bounds.collect()
}

/// What the document is told of a field, and of the items of a list (`value_type = Vec<crate::wire::Label>`).
fn told(texts: &BTreeMap<String, (f64, f64)>, attributes: &[Attribute]) -> Bounds {
    const NAMES: [&str; 6] = ["minimum", "maximum", "min_length", "max_length", "min_items", "max_items"];
    let mut bounds = Bounds::new();
    for attribute in attributes {
        let Ok(list) = attribute.meta.require_list() else { continue };
        if !(list.path.is_ident("schema") || list.path.is_ident("param")) {
            continue;
        }
        let text: String =
            list.tokens.to_string().chars().filter(|character| !matches!(character, ' ' | '_')).collect();
        let number = |text: &str| -> f64 {
            let end = text.find(|character: char| !matches!(character, '0'..='9' | '.' | '-')).unwrap_or(text.len());
            text[..end].parse().unwrap()
        };
        for name in NAMES {
            let wanted = format!("{}=", name.replace('_', ""));
            if let Some((_, value)) = text.split_once(&wanted) {
                bounds.insert(name.to_owned(), number(value));
            }
        }
        let alias = text.split_once("crate::wire::").map(|(_, rest)| rest.split(['>', ',']).next().unwrap_or(rest));
        if let Some((least, greatest)) = alias.and_then(|alias| texts.get(alias)) {
            bounds.insert("min_length".to_owned(), *least);
            bounds.insert("max_length".to_owned(), *greatest);
        }
    }
    bounds
}

fn structs(items: &[Item]) -> impl Iterator<Item = &ItemStruct> {
    items.iter().filter_map(|item| if let Item::Struct(found) = item { Some(found) } else { None })
}

fn derives(found: &ItemStruct, name: &str) -> bool {
    let all = found.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
    all.flat_map(metas).any(|derived| derived.path().segments.last().is_some_and(|segment| segment.ident == name))
}

#[test]
fn what_the_document_says_is_what_is_checked() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["api/src", "operations/src", "compliance/src", "routing/src"] {
        sources(&crates.join(folder), &mut files);
    }
    let constants = Constants::of(&files);
    let texts = texts();
    assert!(texts.len() > 5, "{texts:?}");
    let (mut looked_at, mut differ) = (0, Vec::new());
    for (path, file) in &files {
        for found in structs(&file.items).filter(|found| derives(found, "Validate")) {
            if !(derives(found, "ToSchema") || derives(found, "IntoParams")) {
                continue;
            }
            for field in &found.fields {
                let mut wanted = Bounds::new();
                for rules in field.attrs.iter().filter(|attribute| attribute.path().is_ident("garde")) {
                    checked(&constants, path, &metas(rules), &mut wanted);
                }
                // What is documented as 0 and more is, where nothing is said of it.
                wanted.retain(|bound, least| !(bound.starts_with("min") && *least == 0.0));
                let told = told(&texts, &field.attrs);
                looked_at += wanted.len();
                let lacks: Vec<_> = wanted.iter().filter(|(bound, value)| told.get(*bound) != Some(value)).collect();
                if !lacks.is_empty() {
                    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                    differ.push(format!("{}.{name}: checked {lacks:?}, documented {told:?}", found.ident));
                }
            }
        }
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    assert!(looked_at > 200, "{looked_at}");
}
