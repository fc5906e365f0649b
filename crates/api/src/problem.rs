//! What a refused request gets: one document that is both the platform's error envelope and an RFC 9457 problem
//! (docs/adr/0045).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::budget_gate::BudgetExceeded;

/// Media type of every error (RFC 9457, section 3).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// One faulty field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Where, as people write it: `buyers[0].weight`. Empty for the document as a whole.
    #[schema(example = "endpoints[0].destination")]
    pub field: String,
    /// Where, as a JSON Pointer (RFC 6901) into the body; absent for query and path parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "#/endpoints/0/destination")]
    pub pointer: Option<String>,
    /// The flow node it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// A stable name of the kind of fault, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong and what would be right.
    #[schema(example = "is required")]
    pub message: String,
}

impl Fault {
    /// About a field of the body; `path` is written `a.b[0].c`.
    pub fn body(path: impl Into<String>, message: impl Into<String>) -> Self {
        let field = path.into();
        let pointer = Some(pointer_of(&field));
        Self { field, pointer, node: None, code: None, message: message.into() }
    }

    /// About a query or path parameter.
    pub fn parameter(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: name.into(), pointer: None, node: None, code: None, message: message.into() }
    }

    /// About a field of a flow's node.
    pub fn node(node: Option<String>, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), pointer: None, node, code: None, message: message.into() }
    }
}

fn pointer_of(field: &str) -> String {
    let mut pointer = String::from("#");
    for part in field.split(['.', '[']).filter(|part| !part.is_empty()) {
        pointer.push('/');
        pointer.push_str(&part.trim_end_matches(']').replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// The envelope's inside.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// Stable, for programs.
    #[schema(example = "VALIDATION_ERROR")]
    pub code: String,
    /// For people.
    pub message: String,
    /// Every faulty field, where the request was at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Fault>,
    /// Names the request in the server's logs.
    pub request_id: String,
    /// Seconds after which it may be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// How far the limit is used that the request was refused for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 100)]
    pub current: Option<u64>,
    /// That limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 100)]
    pub limit: Option<u64>,
    /// The budget that does not allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetExceeded>,
}

/// The error document: the envelope under `error`, the members of RFC 9457 beside it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The envelope.
    pub error: ErrorBody,
    /// `about:blank`: the status says what kind of problem it is (RFC 9457, section 4.2.1).
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: String,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// The same as `error.message`.
    pub detail: String,
    /// The same as `error.details`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
}

/// A refusal, until the response leaves: `IntoResponse` parks it in the extensions, and the outermost layer, which knows
/// the request id, writes the body.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Faulty fields.
    pub faults: Vec<Fault>,
    /// Seconds.
    pub retry_after: Option<u64>,
    /// How far a limit is used, and the limit.
    pub level: Option<(u64, u64)>,
    /// The budget that does not allow it.
    pub budget: Option<Box<BudgetExceeded>>,
}

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// Any status and code.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), faults: Vec::new(), retry_after: None, level: None, budget: None }
    }

    /// 400 `BAD_REQUEST`: it cannot be read.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// 400 `INVALID_JSON`: there is no document, so no field either.
    pub fn invalid_json(why: impl std::fmt::Display) -> Self {
        let message = format!("is not JSON: {why}");
        let error = Self::new(StatusCode::BAD_REQUEST, "INVALID_JSON", format!("The body {message}"));
        Self { faults: vec![Fault::body("", message)], ..error }
    }

    /// 422 `VALIDATION_ERROR` with every faulty field (docs/adr/0196).
    pub fn validation(faults: Vec<Fault>) -> Self {
        let message = match faults.as_slice() {
            [one] if one.field.is_empty() => one.message.clone(),
            [one] => format!("{} {}", one.field, one.message),
            many => format!("{} fields are not valid", many.len()),
        };
        Self { faults, ..Self::unprocessable("VALIDATION_ERROR", message) }
    }

    /// 401 `UNAUTHORIZED`.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
    }

    /// 403 `FORBIDDEN`.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// 404 `NOT_FOUND`: there is none, or it is another tenant's.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("{what} not found"))
    }

    /// 409 `CONFLICT`.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICT", message)
    }

    /// 412 `PRECONDITION_FAILED`.
    pub fn precondition_failed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message)
    }

    /// 422 with a code of its own: it can be read, and no field of it breaks a rule, yet it is not accepted.
    pub fn unprocessable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// 429 `RATE_LIMIT_EXCEEDED`.
    pub fn too_many(message: impl Into<String>, retry_after_secs: u64) -> Self {
        Self {
            retry_after: Some(retry_after_secs.max(1)),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", message)
        }
    }

    /// 503 `UNAVAILABLE`: storage or another part does not answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message) }
    }

    /// 500 `INTERNAL_ERROR`. The cause goes to the log, never to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Something went wrong on the server")
    }

    /// The document.
    pub fn problem(&self, request_id: &str) -> Problem {
        Problem {
            error: ErrorBody {
                code: self.code.to_owned(),
                message: self.message.clone(),
                details: self.faults.clone(),
                request_id: request_id.to_owned(),
                retry_after: self.retry_after,
                current: self.level.map(|(current, _)| current),
                limit: self.level.map(|(_, limit)| limit),
                budget: self.budget.as_deref().copied(),
            },
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.message.clone(),
            errors: self.faults.clone(),
        }
    }

    /// The finished response.
    pub fn render(&self, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.problem(request_id)).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_a_pointer() {
        assert_eq!(pointer_of("endpoints[0].destination"), "#/endpoints/0/destination");
        assert_eq!(pointer_of("a/b"), "#/a~1b");
        assert_eq!(pointer_of(""), "#");
    }

    #[test]
    fn one_document_is_envelope_and_problem() {
        let error = ApiError::validation(vec![Fault::body("name", "is required")]);
        let response = error.render("r-1");
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
    }
}
