//! What many operations refuse, described once: the document's operations refer to these answers.

use axum::http::StatusCode;
use serde_json::Value;
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::{ApiError, Fault, PROBLEM_JSON};

/// An answer shared by operations.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Under `components/responses`.
    name: &'static str,
    status: StatusCode,
    code: &'static str,
    description: &'static str,
    /// What `detail` may say.
    message: &'static str,
}

macro_rules! refusals {
    ($($constant:ident = $name:literal, $status:ident, $code:literal, $description:literal, $message:literal;)*) => {
        $(pub(crate) const $constant: Refusal = Refusal {
            name: $name,
            status: StatusCode::$status,
            code: $code,
            description: $description,
            message: $message,
        };)*
        const ALL: &[Refusal] = &[$($constant),*];
    };
}

refusals! {
    UNREADABLE = "Unreadable", BAD_REQUEST, "INVALID_JSON", "The body cannot be read",
        "The body is not JSON: expected `,` or `}` at line 3 column 5";
    NOT_SIGNED_IN = "NotSignedIn", UNAUTHORIZED, "UNAUTHORIZED", "Not signed in", "Authentication required";
    DENIED = "Denied", FORBIDDEN, "FORBIDDEN", "Permission denied, or the x-csrf-token is missing",
        "Permission denied: campaigns:write";
    NOT_THERE = "NotThere", NOT_FOUND, "NOT_FOUND", "There is none, or it is another tenant's", "Campaign not found";
    NAMED_NOT_THERE = "NamedNotThere", NOT_FOUND, "NOT_FOUND", "Something the body names is not there",
        "Campaign not found";
    CONFLICTING = "Conflicting", CONFLICT, "CONFLICT", "Taken already, in use, or changed meanwhile",
        "The name is taken";
    ANOTHER_VERSION = "AnotherVersion", PRECONDITION_FAILED, "PRECONDITION_FAILED",
        "It is in another version than If-Match names", "It has changed since it was read";
    TOO_LARGE = "TooLarge", PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "Larger than the API reads",
        "the body is larger than this API reads";
    OTHER_MEDIA_TYPE = "OtherMediaType", UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE",
        "Not a media type the API reads", "send the body with content-type application/json";
    NOT_VALID = "NotValid", UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", "Not valid: every faulty field is named",
        "limit must be 100 at most";
    CHANGE_NOT_VALID = "ChangeNotValid", UNPROCESSABLE_ENTITY, "VALIDATION_ERROR",
        "Not valid: every faulty field is named. Or the Idempotency-Key was used for another request",
        "name is required";
    TOO_MANY = "TooMany", TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", "Too many requests", "Too many requests";
    BROKEN = "Broken", INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "A fault of the server",
        "Something went wrong on the server";
    NOT_ANSWERING = "NotAnswering", SERVICE_UNAVAILABLE, "UNAVAILABLE", "A part of the server does not answer",
        "The database does not answer";
}

impl Refusal {
    /// Its status, as the document writes it.
    pub fn status(&self) -> String {
        self.status.as_str().to_owned()
    }

    /// What an operation that may answer so refers to.
    pub fn reference(&self) -> RefOr<Response> {
        RefOr::Ref(Ref::new(format!("#/components/responses/{}", self.name)))
    }

    fn response(&self) -> Response {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(problem(
            self.status,
            self.code,
            self.message,
        ));
        ResponseBuilder::new().description(self.description).content(PROBLEM_JSON, content.build()).build()
    }
}

/// Puts them all into the document.
pub(crate) fn add(components: &mut Components) {
    for refusal in ALL {
        components.responses.insert(refusal.name.to_owned(), RefOr::T(refusal.response()));
    }
}

/// Codes of answers that operations describe themselves, where it is not their status's usual one; `*` is every operation.
const CODES: &[(&str, &str, &str)] = &[
    ("*", "416", "RANGE_NOT_SATISFIABLE"),
    ("*", "426", "UPGRADE_REQUIRED"),
    ("login", "409", "TENANT_CHOICE_REQUIRED"),
    ("getCsrfToken", "400", "BAD_REQUEST"),
    ("checkLink", "404", "LINK_NOT_VALID"),
    ("redeemLink", "404", "LINK_NOT_VALID"),
    ("finishSingleSignOn", "401", "SIGN_IN_OVER"),
    ("finishSingleSignOn", "403", "EMAIL_NOT_VERIFIED"),
    ("startSingleSignOn", "503", "PROVIDER_UNAVAILABLE"),
    ("finishSingleSignOn", "503", "PROVIDER_UNAVAILABLE"),
    ("toggleDemo", "404", "DEMO_NOT_FOUND"),
    ("getDemoStats", "404", "DEMO_NOT_FOUND"),
    ("addDemoCallEvent", "404", "DEMO_NOT_FOUND"),
    ("runDemoCall", "404", "DEMO_NOT_FOUND"),
    ("saveFlow", "422", "INVALID_FLOW"),
    ("validateFlow", "422", "INVALID_FLOW"),
    ("publishFlowVersion", "422", "INVALID_FLOW"),
    ("rollBackFlow", "422", "INVALID_FLOW"),
    ("initiateCall", "403", "COMPLIANCE_BLOCKED"),
    ("lookUpLead", "404", "LEAD_NOT_FOUND"),
];

/// The example of an answer that an operation describes itself.
pub(crate) fn example(operation: &str, status: &str, description: &str) -> Option<Value> {
    let status = StatusCode::from_bytes(status.as_bytes()).ok()?;
    let own = CODES.iter().find(|(name, of, _)| (*name == "*" || *name == operation) && *of == status.as_str());
    let usual = ALL.iter().find(|refusal| refusal.status == status).map(|refusal| refusal.code);
    let code = own.map(|(.., code)| *code).or(usual)?;
    problem(status, code, description)
}

fn problem(status: StatusCode, code: &'static str, message: &str) -> Option<Value> {
    let mut error = ApiError::new(status, code, message);
    if status == StatusCode::UNPROCESSABLE_ENTITY
        && let Some((field, fault)) = message.split_once(' ')
    {
        error.faults = vec![if field == "limit" { Fault::parameter(field, fault) } else { Fault::body(field, fault) }];
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        error.retry_after = Some(1);
    }
    serde_json::to_value(error.problem("1795449600000-k3v9x2a")).ok()
}
