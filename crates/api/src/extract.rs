//! Extractors whose rejections are problems that name every faulty field.

use std::fmt::Write as _;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
};
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema},
};

use crate::{
    problem::{ApiError, Fault},
    strict::Strict,
};

/// Faults reported for one body at most.
const FAULTS_MAX: usize = 50;

/// A JSON body, valid by type and by its rules.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// Query parameters, valid by type and by their rules.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The id in the path. What is no UUID names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

impl<S, T> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate<Context = ()> + PartialSchema + Send,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())) {
            return Err(unsupported("application/json"));
        }
        let bytes = read_bytes(request, state).await?;
        parse_body(&bytes).map(Self)
    }
}

/// 415 naming what would be read.
pub fn unsupported(expected: &str) -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        format!("send the body with content-type {expected}"),
    )
}

fn is_json(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or("").split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// The whole body within the router's limit, else 413.
pub async fn read_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "the body is larger than this API reads")
        } else {
            ApiError::bad_request("the body could not be read")
        }
    })
}

fn parse_body<T: DeserializeOwned + Validate<Context = ()> + PartialSchema>(bytes: &[u8]) -> Result<T, ApiError> {
    parse_value(serde_json::from_slice(bytes).map_err(ApiError::invalid_json)?)
}

/// Reads a value as a body is read, with every faulty member named.
pub fn parse_value<T: DeserializeOwned + Validate<Context = ()> + PartialSchema>(value: Value) -> Result<T, ApiError> {
    let parsed: T = match serde_path_to_error::deserialize(Strict(&value)) {
        Ok(parsed) => parsed,
        Err(first) => return Err(ApiError::validation(type_faults::<T>(value, &first))),
    };
    parsed.validate().map_err(|report| ApiError::validation(rule_faults(&report, Fault::body)))?;
    Ok(parsed)
}

/// serde stops at the first fault. To name them all, the faulty member is taken out and the rest is read again; which
/// required members are missing the schema tells.
fn type_faults<T: DeserializeOwned + PartialSchema>(
    mut value: Value,
    first: &serde_path_to_error::Error<serde_json::Error>,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = missing_members(&T::schema(), &value);
    let mut path = first.path().clone();
    let mut message = first.inner().to_string();
    while faults.len() < FAULTS_MAX {
        let field = field_name(&path);
        let is_missing = message.starts_with("missing field");
        if !is_missing {
            faults.push(Fault::body(field.clone(), reword(&message)));
        } else if faults.is_empty() {
            let member = message.split('`').nth(1).unwrap_or("");
            let place = if field.is_empty() { member.to_owned() } else { format!("{field}.{member}") };
            faults.push(Fault::body(place, "is required"));
        }
        if is_missing || !remove(&mut value, &path) {
            break;
        }
        match serde_path_to_error::deserialize::<_, T>(Strict(&value)) {
            Ok(_) => break,
            Err(next) => {
                path = next.path().clone();
                message = next.inner().to_string();
            }
        }
    }
    faults
}

fn missing_members(schema: &RefOr<Schema>, value: &Value) -> Vec<Fault> {
    let (RefOr::T(Schema::Object(object)), Value::Object(members)) = (schema, value) else { return Vec::new() };
    let absent = object.required.iter().filter(|name| !members.contains_key(name.as_str()));
    absent.map(|name| Fault::body(name.clone(), "is required")).collect()
}

fn field_name(path: &serde_path_to_error::Path) -> String {
    let text = path.to_string();
    if text == "." { String::new() } else { text }
}

/// Takes the member out; false when the path leads nowhere (or to the document itself).
fn remove(value: &mut Value, path: &serde_path_to_error::Path) -> bool {
    use serde_path_to_error::Segment;
    let segments: Vec<&Segment> = path.iter().collect();
    let Some((last, parents)) = segments.split_last() else { return false };
    let mut place = value;
    for segment in parents {
        let next = match segment {
            Segment::Seq { index } => place.get_mut(*index),
            Segment::Map { key } => place.get_mut(key.as_str()),
            _ => None,
        };
        match next {
            Some(found) => place = found,
            None => return false,
        }
    }
    match (last, place) {
        (Segment::Map { key }, Value::Object(members)) => members.remove(key.as_str()).is_some(),
        (Segment::Seq { index }, Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}

fn reword(message: &str) -> String {
    // serde_json adds " at line 1 column 5" only when it reads text; ours reads a value, so nothing needs cutting.
    message
        .strip_prefix("invalid type: ")
        .map_or_else(|| message.to_owned(), |rest| format!("has the wrong type: {rest}"))
}

fn rule_faults(report: &garde::Report, fault: impl Fn(String, String) -> Fault) -> Vec<Fault> {
    let broken = report.iter().map(|(path, error)| fault(camel_case(&path.to_string()), error.message().to_string()));
    let mut faults: Vec<Fault> = broken.take(FAULTS_MAX).collect();
    // garde promises no order; the caller gets the same one every time.
    faults.sort_by(|one, other| one.field.cmp(&other.field));
    faults
}

/// garde speaks of Rust's field names, the caller knows the JSON ones.
fn camel_case(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut upper = false;
    for character in path.chars() {
        match character {
            '_' => upper = true,
            _ if upper => {
                upper = false;
                let _ = write!(out, "{}", character.to_ascii_uppercase());
            }
            _ => out.push(character),
        }
    }
    out
}

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or("");
        // An empty value means "not given": forms send it for every field left blank.
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let mut kept = pairs;
        let mut faults = Vec::new();
        let parsed: T = loop {
            let encoded: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&kept).finish();
            let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(encoded.as_bytes()));
            match serde_path_to_error::deserialize(reader) {
                Ok(parsed) if faults.is_empty() => break parsed,
                Ok(_) => return Err(ApiError::validation(faults)),
                Err(error) => {
                    let (name, message) = (field_name(error.path()), error.inner().to_string());
                    match message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
                        Some(missing) => faults.push(Fault::parameter(missing, "is required")),
                        None => faults.push(Fault::parameter(name.clone(), reword(&message))),
                    }
                    let before = kept.len();
                    kept.retain(|(given, _)| *given != name);
                    if kept.len() == before || faults.len() >= FAULTS_MAX {
                        return Err(ApiError::validation(faults));
                    }
                }
            }
        };
        parsed.validate().map_err(|report| ApiError::validation(rule_faults(&report, Fault::parameter)))?;
        Ok(Self(parsed))
    }
}

impl<S, T> FromRequestParts<S> for PathId<T>
where
    S: Send + Sync,
    T: std::str::FromStr + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let missing = || ApiError::not_found("Resource");
        let axum::extract::Path(text) =
            axum::extract::Path::<String>::from_request_parts(parts, state).await.map_err(|_| missing())?;
        text.parse().map(Self).map_err(|_| missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, Validate, utoipa::ToSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Sample {
        #[garde(length(chars, min = 1, max = 5))]
        name: String,
        #[garde(range(max = 10))]
        max_calls: u32,
        #[serde(default)]
        #[garde(dive)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize, Validate, utoipa::ToSchema)]
    struct Inner {
        #[garde(range(min = 1))]
        weight: u32,
    }

    fn faults(json: &str) -> Vec<(String, String)> {
        let error = parse_body::<Sample>(json.as_bytes()).unwrap_err();
        error.faults.into_iter().map(|fault| (fault.field, fault.message)).collect()
    }

    fn fields(json: &str) -> Vec<String> {
        faults(json).into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn names_every_faulty_field() {
        assert_eq!(fields("{}"), ["name", "maxCalls"]);
        assert_eq!(fields(r#"{"name":1,"maxCalls":"x"}"#), ["maxCalls", "name"]);
        assert_eq!(fields(r#"{"name":"a","maxCalls":1,"extra":1,"more":2}"#), ["extra", "more"]);
        assert_eq!(
            fields(r#"{"name":"","maxCalls":11,"inner":[{"weight":0}]}"#),
            ["inner[0].weight", "maxCalls", "name"]
        );
        assert_eq!(fields(r#"{"name":"a","maxCalls":1,"inner":[{"weight":"x"},{}]}"#), ["inner[0].weight"]);
        assert_eq!(fields(r#"{"name":"a","maxCalls":1,"inner":[{}]}"#), ["inner[0].weight"]);
    }

    #[test]
    fn broken_json_is_told_apart() {
        let refused = |text: &str| {
            let error = parse_body::<Sample>(text.as_bytes()).unwrap_err();
            (error.status.as_u16(), error.code)
        };
        for text in ["", "{", "{\"name\": 1e999}", "\u{feff}{}"] {
            assert_eq!(refused(text), (400, "INVALID_JSON"), "{text}");
        }
        for text in ["[]", "null", "{}", "7"] {
            assert_eq!(refused(text), (422, "VALIDATION_ERROR"), "{text}");
        }
        assert_eq!(fields("[]"), [""]);
    }

    #[test]
    fn members_have_names() {
        assert_eq!(faults(r#"["a",1,[]]"#)[0].0, "");
        assert_eq!(fields(r#"{"name":"a","maxCalls":1,"inner":[[1]]}"#), ["inner[0]"]);
    }

    #[test]
    fn letters_are_counted_not_bytes() {
        assert!(parse_body::<Sample>("{\"name\":\"Jürgä\",\"maxCalls\":1}".as_bytes()).is_ok());
        assert_eq!(fields("{\"name\":\"Jürgäs\",\"maxCalls\":1}"), ["name"]);
    }

    #[test]
    fn only_json_is_json() {
        assert!(is_json(Some("application/json; charset=utf-8")));
        assert!(is_json(Some("application/merge-patch+json")));
        assert!(!is_json(Some("text/plain")));
        assert!(!is_json(None));
    }
}
