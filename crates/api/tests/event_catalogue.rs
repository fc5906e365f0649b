//! `docs/events.md` is written from the types themselves: their names, members and comments.
//! `UPDATE_DOCS=1 cargo test -p api --test event_catalogue` writes it anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{fmt::Write as _, fs, path::PathBuf};

use operations::Notice;
use syn::{Attribute, Expr, Fields, Item, ItemEnum, ItemStruct, Lit, Meta, Type};

const HEAD: &str = "# Events

One catalogue for `/ws/events`, and for everything else that is told of events. Written from the code by
`UPDATE_DOCS=1 cargo test -p api --test event_catalogue`; do not edit.

Every event comes as

    { \"event\": \"call.answered\", \"id\": \"...\", \"tenantId\": \"...\", \"timestamp\": \"2026-11-29T08:00:00.000000Z\", \"data\": { ... } }

`id` is the same wherever and however often the event is delivered. `data` of every `call.*` event holds, besides what is listed, the
call as it is after it: `callId`, `sequence` (0, 1, 2 ... within the call), `status`, `from`, `to`, `campaignId`, and `buyerId` once there is one.
Events of one call come in the order of their `sequence`. Durations are milliseconds where the name ends in `Ms`, amounts decimals as text.
Users and keys bound to a publisher or a buyer get the events of their own calls, with fewer members.

";

fn source(path: &str) -> syn::File {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap()
}

fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(text) => match &text.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// `text` of `#[serde(key = "text")]`.
fn serde(attributes: &[Attribute], key: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if let Ok(value) = meta.value() {
                let text: syn::LitStr = value.parse()?;
                if meta.path.is_ident(key) {
                    found = Some(text.value());
                }
            }
            Ok(())
        });
    }
    found
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        if letter == '_' {
            words.push(String::new());
        } else if letter.is_uppercase() || words.is_empty() {
            words.push(letter.to_lowercase().collect());
        } else if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words
}

fn camel(name: &str) -> String {
    let words = words(name);
    let later = words.iter().skip(1).map(|word| word[..1].to_uppercase() + &word[1..]);
    words.first().cloned().into_iter().chain(later).collect()
}

struct Types {
    enums: Vec<ItemEnum>,
    structs: Vec<ItemStruct>,
}

impl Types {
    /// What a member holds, for a reader of JSON.
    fn shown(&self, kind: &Type) -> String {
        let Type::Path(path) = kind else { panic!("a member of an unusual type") };
        let last = path.path.segments.last().unwrap();
        let name = last.ident.to_string();
        let inner = match &last.arguments {
            syn::PathArguments::AngleBracketed(list) => list.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(kind) => Some(kind),
                _ => None,
            }),
            _ => None,
        };
        match (name.as_str(), inner) {
            ("Option", Some(inner)) => format!("{}, or none", self.shown(inner)),
            ("Box", Some(inner)) => self.shown(inner),
            ("BTreeMap", _) => "object".to_owned(),
            ("String" | "char", _) => "text".to_owned(),
            ("bool", _) => "true or false".to_owned(),
            ("u8" | "u16" | "u32" | "u64", _) => "integer".to_owned(),
            (id, _) if id.ends_with("Id") => "uuid".to_owned(),
            _ => self.of_ours(&name),
        }
    }

    fn of_ours(&self, name: &str) -> String {
        if let Some(found) = self.enums.iter().find(|item| item.ident == name) {
            let style = serde(&found.attrs, "rename_all");
            let variant = |variant: &syn::Variant| {
                let name = variant.ident.to_string();
                let usual = match style.as_deref() {
                    Some("snake_case") => words(&name).join("_"),
                    Some("UPPERCASE") => name.to_uppercase(),
                    _ => name,
                };
                format!("`{}`", serde(&variant.attrs, "rename").unwrap_or(usual))
            };
            return found.variants.iter().map(variant).collect::<Vec<_>>().join(", ");
        }
        match self.structs.iter().find(|item| item.ident == name) {
            Some(found) => {
                let names = found.fields.iter().map(|field| format!("`{}`", wire(field)));
                format!("object: {}", names.collect::<Vec<_>>().join(", "))
            }
            None => format!("object, as in the call's record ({name})"),
        }
    }

    fn members(&self, fields: &Fields, text: &mut String) {
        for field in fields {
            match (&field.ident, &field.ty) {
                (Some(_), kind) => {
                    let meaning = doc(&field.attrs);
                    let meaning = if meaning.is_empty() { meaning } else { format!(" {meaning}") };
                    let _ = writeln!(text, "| `{}` | {}.{meaning} |", wire(field), self.shown(kind));
                }
                // `Started(Box<StartedCall>)`: its members are the struct's.
                (None, Type::Path(path)) => {
                    let named = path.path.segments.last().map(|last| match &last.arguments {
                        syn::PathArguments::AngleBracketed(list) => list.args.first().cloned(),
                        _ => None,
                    });
                    let Some(Some(syn::GenericArgument::Type(Type::Path(inner)))) = named else { continue };
                    let found = self.structs.iter().find(|item| inner.path.is_ident(&item.ident));
                    self.members(&found.unwrap().fields, text);
                }
                _ => {}
            }
        }
    }
}

fn wire(field: &syn::Field) -> String {
    api::wire_name(&camel(&field.ident.as_ref().unwrap().to_string()))
}

fn section(text: &mut String, name: &str, meaning: &str, members: &str) {
    let permission = api::permission_of(name).unwrap();
    let _ = writeln!(text, "## {name}\n\n{meaning} Needs `{permission}`.\n");
    if !members.is_empty() {
        let _ = writeln!(text, "| Data | What |\n|---|---|\n{members}");
    }
}

fn catalogue() -> String {
    let (mut enums, mut structs) = (Vec::new(), Vec::new());
    for file in
        ["domain/src/call_event.rs", "domain/src/identity_claim.rs", "domain/src/time.rs", "domain/src/offer.rs"]
    {
        for item in source(file).items {
            match item {
                Item::Enum(item) => enums.push(item),
                Item::Struct(item) => structs.push(item),
                _ => {}
            }
        }
    }
    let types = Types { enums, structs };
    let what = types.enums.iter().find(|item| item.ident == "What").unwrap();
    let mut text = HEAD.to_owned();
    for variant in &what.variants {
        let mut members = String::new();
        types.members(&variant.fields, &mut members);
        section(&mut text, &serde(&variant.attrs, "rename").unwrap(), &doc(&variant.attrs), &members);
    }
    for notice in Notice::ALL {
        let members: String = notice.data.iter().map(|(name, what)| format!("| `{name}` | {what}. |\n")).collect();
        section(&mut text, notice.name, notice.meaning, &members);
    }
    format!("{}\n", text.trim_end())
}

#[test]
fn the_committed_catalogue_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.md");
    let text = catalogue();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/events.md is out of date: UPDATE_DOCS=1 cargo test -p api --test event_catalogue");
}
