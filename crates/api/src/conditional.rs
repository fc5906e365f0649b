//! Conditional requests (RFC 9110, section 13): `ETag` and `If-None-Match` for what is read, `If-Match` for what is changed
//! (docs/adr/0181).

use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::Timestamp;
use operations::{VERSIONS_MAX, Versions};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    problem::{ApiError, ApiResult, Fault},
    seals::to_hex,
    wire::Time,
};

/// Larger answers have no entity tag: lists are bounded well below it.
const TAGGED_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of a hash in a tag; a tag tells versions of one resource apart, so 64 bits are many.
const HASH_BYTES: usize = 8;

/// What `If-Match` asks of the thing a request changes.
#[derive(Clone, Copy, Debug)]
pub struct Precondition(pub Versions);

/// Whether what lies under this path template has versions: what `PATCH` changes and `DELETE` removes as a whole.
pub fn has_versions(path: &str) -> bool {
    let is_one = path.ends_with("/{id}") || path.ends_with("/{endpointId}") || path.ends_with("/budget");
    (is_one && !path.starts_with("/auth/")) || path.starts_with("/api/v1/compliance/policies/")
}

/// Reads `If-Match`; 412 where there are no versions, as no tag can match then.
pub fn precondition(method: &Method, path: &str, headers: &HeaderMap) -> ApiResult<Option<Precondition>> {
    if !matches!(*method, Method::PUT | Method::PATCH | Method::DELETE) {
        return Ok(None);
    }
    let lines = headers.get_all(header::IF_MATCH).iter().filter_map(|line| line.to_str().ok());
    let tags: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|tag| !tag.is_empty()).collect();
    // `*` asks that there be one at all, and without one every change is a 404.
    if tags.is_empty() || tags.contains(&"*") {
        return Ok(None);
    }
    if !has_versions(path) {
        return Err(ApiError::precondition_failed("This has no versions; send it without If-Match"));
    }
    // Section 13.1.1: the comparison is strong, so a weak tag matches nothing.
    let versions: Vec<Timestamp> = tags.iter().filter_map(|tag| version_of(tag)).collect();
    if versions.len() > VERSIONS_MAX {
        let fault = Fault::parameter("If-Match", format!("must not name more than {VERSIONS_MAX} versions"));
        return Err(ApiError::validation(vec![fault]));
    }
    match Versions::new(&versions) {
        Some(versions) => Ok(Some(Precondition(versions))),
        None => Err(ApiError::precondition_failed("If-Match names no version of this; take the ETag of a GET")),
    }
}

/// The version in a tag of ours.
fn version_of(tag: &str) -> Option<Timestamp> {
    let (version, _) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('-')?;
    i64::from_str_radix(version, 16).ok().map(Timestamp::from_micros)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versioned {
    updated_at: Option<Time>,
}

/// Adds the entity tag to an answer in JSON, and leaves the body out where the client has it already.
pub async fn tagged(method: &Method, if_none_match: Option<HeaderValue>, response: Response) -> Response {
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let is_success = matches!(response.status(), StatusCode::OK | StatusCode::CREATED);
    let is_small = response.body().size_hint().exact().is_some_and(|bytes| bytes <= TAGGED_BYTES_MAX);
    if !is_json || !is_success || !is_small || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let digest = Sha256::digest(&bytes);
    let hash = to_hex(digest.get(..HASH_BYTES).unwrap_or(&digest));
    let version = serde_json::from_slice::<Versioned>(&bytes).ok().and_then(|found| found.updated_at);
    let tag = match version {
        Some(Time(changed_at)) => format!("\"{:x}-{hash}\"", changed_at.micros()),
        None => format!("\"{hash}\""),
    };
    let is_known = *method == Method::GET
        && if_none_match.as_ref().and_then(|line| line.to_str().ok()).is_some_and(|line| names(line, &tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Section 13.1.2: the comparison is weak.
fn names(line: &str, tag: &str) -> bool {
    line.split(',').map(str::trim).any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(if_match: &'static str) -> Result<Option<Vec<i64>>, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_static(if_match));
        match precondition(&Method::PATCH, "/api/v1/tags/{id}", &headers) {
            Ok(found) => Ok(found.map(|Precondition(versions)| {
                let mut all = versions.all().map(Timestamp::micros).to_vec();
                all.dedup();
                all
            })),
            Err(error) => Err(error.status.as_u16()),
        }
    }

    #[test]
    fn if_match_names_versions() {
        assert_eq!(expected("*"), Ok(None));
        assert_eq!(expected("\"a-00\""), Ok(Some(vec![10])));
        assert_eq!(expected("\"a-00\", \"b-11\""), Ok(Some(vec![10, 11, 10])));
        for nothing in ["W/\"a-00\"", "\"00\"", "a-00", "\"x-00\"", "\""] {
            assert_eq!(expected(nothing), Err(412), "{nothing}");
        }
        assert!(expected("\"1-\",\"2-\",\"3-\",\"4-\",\"5-\"").is_err_and(|status| status != 412));
    }

    #[test]
    fn a_weak_tag_is_good_for_reading() {
        assert!(names("\"a\", W/\"b\"", "\"b\""));
        assert!(names("*", "\"b\""));
        assert!(!names("\"a\"", "\"b\""));
    }
}
