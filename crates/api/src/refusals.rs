//! What many operations refuse, described once: the document's operations refer to these answers.

use axum::http::StatusCode;
use serde_json::Value;
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema};

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

/// Every code a refusal may carry, and what it says.
const MEANINGS: &[(&str, &str)] = &[
    ("ACCOUNT_NOT_ACTIVE", "the provider vouches for somebody whose account is not in use"),
    ("APPROVAL_NOT_ALLOWED", "an override is approved by somebody else than who asked for it"),
    ("BAD_REQUEST", "the request cannot be read"),
    ("BUDGET_EXCEEDED", "the budget does not allow it"),
    ("COMPLIANCE_BLOCKED", "the number may not be called; the detail's code is why"),
    ("CONFLICT", "taken already, in use, or changed meanwhile"),
    ("DEMO_NOT_FOUND", "there is no demo, or it is not yours"),
    ("DOMAIN_NOT_ALLOWED", "the address is of a domain the provider does not vouch for"),
    ("EMAIL_NOT_VERIFIED", "the provider has not verified the address"),
    ("FORBIDDEN", "a permission is missing, or the x-csrf-token"),
    ("IDEMPOTENCY_KEY_IN_USE", "the first request with this key is still under way"),
    ("IDEMPOTENCY_KEY_REUSED", "the key was used for another request"),
    ("IDEMPOTENT_ANSWER_GONE", "it was done, and its answer is not kept"),
    ("INTERNAL_ERROR", "a fault of the server"),
    ("INVALID_FLOW", "the flow cannot be run; every fault is named"),
    ("INVALID_JSON", "the body is not JSON"),
    ("INVALID_YAML", "the body is not YAML"),
    ("LEAD_NOT_FOUND", "no lead has the number"),
    ("LINKED_TO_ANOTHER", "the address belongs to somebody the provider knows under another name"),
    ("LINK_NOT_VALID", "the link was used, has ended, or never was"),
    ("LOOKUPS_NOT_CONFIGURED", "no provider of look-ups is set up"),
    ("LOOKUP_FAILED", "the provider of look-ups refuses the question"),
    ("METHOD_NOT_ALLOWED", "the path takes other methods"),
    ("MISSING_PHONE", "the number is missing"),
    ("NOT_FOUND", "there is none, or it is another tenant's"),
    ("NO_TRUNK", "no ACTIVE trunk carries calls out"),
    ("OVERRIDE_NOT_ALLOWED", "the compliance policy allows no overrides"),
    ("PASSWORD_CHANGE_REQUIRED", "a password of one's own must be chosen first"),
    ("PASSWORD_REQUIRED", "the account signs in with its password"),
    ("PASSWORD_WRONG", "the password is not right"),
    ("PAYLOAD_TOO_LARGE", "larger than the API reads"),
    ("PRECONDITION_FAILED", "it is in another version than If-Match names"),
    ("PROOF_TOO_OLD", "the provider's sign-in is too long ago"),
    ("PROVIDER_ANSWER_WRONG", "what the provider answered cannot be relied on"),
    ("PROVIDER_REFUSED", "the provider refused"),
    ("PROVIDER_UNAVAILABLE", "the provider does not answer"),
    ("PURCHASE_FAILED", "the number was not bought"),
    ("PURCHASE_PENDING", "the provider has not said yet whether the number is bought"),
    ("QUOTA_EXCEEDED", "a limit of the tenant is used up"),
    ("RANGE_NOT_SATISFIABLE", "the range is not in the file"),
    ("RATE_LIMIT_EXCEEDED", "too many requests"),
    ("SECOND_FACTOR_REQUIRED", "the second factor's code is missing"),
    ("SECOND_FACTOR_SETUP_REQUIRED", "a second factor must be set up first"),
    ("SECOND_FACTOR_WRONG", "the second factor's code is not right"),
    ("SIGN_IN_OVER", "the sign-in was not begun here, or took too long"),
    ("SINGLE_SIGN_ON_REQUIRED", "the tenant signs in at its provider"),
    ("STEP_UP_REQUIRED", "prove once more who you are first"),
    ("TENANT_CHOICE_REQUIRED", "several tenants fit: name one"),
    ("TENANT_CLOSED", "the tenant is suspended"),
    ("TOKEN_VERIFICATION_FAILED", "the provider does not vouch for the consent"),
    ("TOO_MANY_ATTEMPTS", "too many sign-ins failed"),
    ("UNAUTHORIZED", "not signed in"),
    ("UNAVAILABLE", "a part of the server does not answer"),
    ("UNSUPPORTED_MEDIA_TYPE", "not a media type the API reads"),
    ("UPGRADE_REQUIRED", "the path speaks WebSocket"),
    ("USER_UNKNOWN", "the provider vouches for somebody who has no account"),
    ("VALIDATION_ERROR", "not valid; every faulty field is named"),
];

/// Tells all codes where the document describes the code of an error.
pub(crate) fn name_codes(document: &mut OpenApi) {
    let schemas = document.components.iter_mut().flat_map(|components| components.schemas.get_mut("ErrorBody"));
    for body in schemas {
        if let RefOr::T(Schema::Object(body)) = body
            && let Some(RefOr::T(Schema::Object(code))) = body.properties.get_mut("code")
        {
            let told: Vec<String> = MEANINGS.iter().map(|(code, meaning)| format!("`{code}`: {meaning}")).collect();
            code.description = Some(format!("Stable, for programs. {}.", told.join("; ")));
        }
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
