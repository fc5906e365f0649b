//! Entries of a do-not-call list: looking, adding, taking off, exporting.

use axum::{
    Json,
    body::Body as HttpBody,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use compliance::Digits;
use domain::{DncListId, PhoneNumber};
use futures_util::stream;
use garde::Validate;
use operations::{DncEntry, NewDncEntry, PageRequest, PageStart};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::dnc_lists::existing;
use crate::{
    access::Permission,
    bulk::csv,
    caller::Caller,
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::Time,
};

/// Numbers added in one request; more are imported.
const ADDED_MAX: usize = 1_000;
/// Rows of an export read at a time.
const EXPORTED_AT_ONCE: u32 = 5_000;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Compliance")
        .needs(Permission::ComplianceRead, routes!(list))
        .needs(Permission::ComplianceWrite, routes!(add))
        .needs(Permission::ComplianceWrite, routes!(remove))
        .needs(Permission::ComplianceRead, routes!(export))
}

/// Somebody who is not to be called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DncListEntry {
    /// The telephone number, E.164.
    #[schema(example = "+12125550100")]
    phone_number: String,
    /// Why.
    reason: Option<String>,
    /// Where that came from.
    source: Option<String>,
    /// When the entry was made.
    created_at: Time,
}

/// What entries are narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DncEntryQuery {
    /// First digits with country code: `+1212`.
    #[garde(length(chars, max = 40))]
    #[param(max_length = 40)]
    search: Option<String>,
}

/// The digits people typed: `+1 (212)`; a number without country code is North American, as everywhere.
fn prefix(text: &str) -> ApiResult<Option<u64>> {
    let wrong =
        || ApiError::validation(vec![Fault::parameter("search", "must be 1 to 15 digits, with the country code")]);
    if let Ok(number) = PhoneNumber::from_dialled(text)
        && text.bytes().filter(u8::is_ascii_digit).count() >= 10
    {
        return Ok(Some(Digits::from(&number).get()));
    }
    let digits: String =
        text.chars().filter(|character| !matches!(character, '+' | ' ' | '-' | '(' | ')' | '.')).collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let is_number = digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if is_number { digits.parse().map(Some).map_err(|_| wrong()) } else { Err(wrong()) }
}

/// Lists entries of a list, by number.
#[utoipa::path(get, path = "/api/v1/compliance/dnc-lists/{id}/entries", operation_id = "listDncEntries",
    params(("id" = Uuid, Path, description = "The list's id"), PageQuery<operations::DncEntry>, DncEntryQuery),
    responses((status = 200, description = "A page of entries", body = List<DncListEntry>)))]
async fn list(
    caller: Caller,
    PathId(id): PathId<DncListId>,
    Query(page): Query<PageQuery<operations::DncEntry>>,
    Query(query): Query<DncEntryQuery>,
) -> ApiResult<Json<List<DncListEntry>>> {
    existing(&caller, id).await?;
    let prefix = query.search.as_deref().map(prefix).transpose()?.flatten();
    let entries = &caller.directory().dnc_entries;
    let found = entries.list_dnc_entries(caller.scope(), id, prefix, &page.request()).await.map_err(from_store)?;
    Ok(Json(page.envelope(found, |entry| view(&entry))))
}

fn view(entry: &DncEntry) -> DncListEntry {
    DncListEntry {
        phone_number: entry.number.to_string(),
        reason: entry.reason.clone(),
        source: entry.source.clone(),
        created_at: Time(entry.created_at),
    }
}

/// Numbers to add.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddDncEntriesRequest {
    /// As people write them; at most 1,000.
    #[garde(length(min = 1, max = ADDED_MAX), inner(length(chars, max = 40)))]
    #[schema(inline, value_type = Vec<crate::wire::DialledText>, min_items = 1, max_items = 1_000, example = json!(["+12125550100"]))]
    phone_numbers: Vec<String>,
    /// Why.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    reason: Option<String>,
    /// Where that came from.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    source: Option<String>,
}

/// What was added.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DncEntriesAdded {
    /// Numbers that were not on the list.
    added: u64,
    /// The list's version now.
    version: u64,
}

/// Puts numbers on a list. All of them, or none when one is no number.
#[utoipa::path(post, path = "/api/v1/compliance/dnc-lists/{id}/entries", operation_id = "addDncEntries",
    params(("id" = Uuid, Path, description = "The list's id")), request_body = AddDncEntriesRequest,
    responses((status = 200, description = "What was added", body = DncEntriesAdded)))]
async fn add(
    caller: Caller,
    PathId(id): PathId<DncListId>,
    Body(body): Body<AddDncEntriesRequest>,
) -> ApiResult<Json<DncEntriesAdded>> {
    existing(&caller, id).await?;
    let mut faults = Vec::new();
    let mut entries = Vec::with_capacity(body.phone_numbers.len());
    for (index, text) in body.phone_numbers.iter().enumerate() {
        match PhoneNumber::from_dialled(text) {
            Ok(number) => entries.push(NewDncEntry {
                number: Digits::from(&number),
                reason: body.reason.clone(),
                source: body.source.clone(),
            }),
            Err(error) => faults.push(Fault::body(format!("phoneNumbers[{index}]"), format!("is {error}"))),
        }
    }
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    let numbers: Vec<String> = entries.iter().map(|entry| entry.number.to_string()).collect();
    let added = caller.directory().dnc_entries.add_dnc_entries(caller.scope(), id, entries, caller.now()).await;
    let change = added.map_err(from_store)?;
    // A single number is what the trail is searched by.
    let subject = if let [one] = numbers.as_slice() { one.clone() } else { id.to_string() };
    let changes = json!({"listId": id, "phoneNumbers": {"before": null, "after": numbers}, "version": change.version});
    caller.note("compliance.dnc_entry.add", super::ENTITY, Some(subject), changes).await;
    Ok(Json(DncEntriesAdded { added: change.changed, version: change.version }))
}

/// Takes a number off a list. That it was on it stays on record.
#[utoipa::path(delete, path = "/api/v1/compliance/dnc-lists/{id}/entries/{phoneNumber}", operation_id = "removeDncEntry",
    params(("id" = Uuid, Path, description = "The list's id"), ("phoneNumber" = String, Path, description = "E.164, with or without the plus")),
    responses((status = 204, description = "Taken off")))]
async fn remove(caller: Caller, Path((id, text)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let id: DncListId = id.parse().map_err(|_| ApiError::not_found("DNC list"))?;
    existing(&caller, id).await?;
    let number = PhoneNumber::from_dialled(&text).map_err(|_| ApiError::not_found("Entry"))?;
    let numbers = vec![Digits::from(&number)];
    let removed = caller.directory().dnc_entries.remove_dnc_entries(caller.scope(), id, numbers, caller.now()).await;
    let change = removed.map_err(from_store)?;
    if change.changed == 0 {
        return Err(ApiError::not_found("Entry"));
    }
    let changes = json!({"listId": id, "phoneNumber": {"before": number, "after": null}, "version": change.version});
    caller.note("compliance.dnc_entry.remove", super::ENTITY, Some(number.to_string()), changes).await;
    Ok(StatusCode::NO_CONTENT)
}

fn csv_line(entry: &DncEntry) -> String {
    let field = |text: &Option<String>| csv::cell(text.as_deref().unwrap_or(""));
    csv::line([entry.number.to_string(), field(&entry.reason), field(&entry.source), entry.created_at.to_string()])
}

/// Writes out a whole list as CSV, as it is read.
#[utoipa::path(get, path = "/api/v1/compliance/dnc-lists/{id}/export", operation_id = "exportDncList",
    params(("id" = Uuid, Path, description = "The list's id")),
    responses((status = 200, description = "phoneNumber, reason, source, createdAt", body = String, content_type = "text/csv")))]
async fn export(caller: Caller, PathId(id): PathId<DncListId>) -> ApiResult<Response> {
    let list = existing(&caller, id).await?;
    caller
        .note("compliance.dnc_list.export", super::ENTITY, Some(id.to_string()), json!({"version": list.version}))
        .await;
    // `None`: the heading; `Some(None)`: the end.
    let rows = stream::try_unfold((caller, None::<Option<String>>), move |(caller, at)| async move {
        let from = match at {
            None => {
                let heading = "phoneNumber,reason,source,createdAt\r\n".to_owned();
                return Ok::<_, std::io::Error>(Some((heading, (caller, Some(Some("0".to_owned()))))));
            }
            Some(None) => return Ok(None),
            Some(Some(cursor)) => PageStart::Cursor(cursor),
        };
        let page = PageRequest { limit: EXPORTED_AT_ONCE, from, order: None };
        let found = caller.directory().dnc_entries.list_dnc_entries(caller.scope(), id, None, &page).await;
        let found = found.map_err(std::io::Error::other)?;
        let text = found.items.iter().map(csv_line).collect::<String>();
        Ok(Some((text, (caller, Some(found.next)))))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"dnc-{id}.csv\"")),
    ];
    Ok((headers, HttpBody::from_stream(rows)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_a_prefix_or_a_number() {
        for (text, expect) in
            [("+1212", Some(1_212)), ("1 (212)", Some(1_212)), ("2125550100", Some(12_125_550_100)), ("+", None)]
        {
            assert_eq!(prefix(text).ok().flatten(), expect, "{text}");
        }
        assert!(prefix("abc").is_err() && prefix("01").is_err() && prefix("1234567890123456").is_err());
    }
}
