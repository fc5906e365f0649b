//! Trunks: over what calls come in and go out.

use std::sync::Arc;

use domain::TrunkId;
use garde::Validate;
use operations::{Directory, Entity, Repository, TrunkFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::outbound::{self, OutboundCalls, OutboundCallsRequest};
use crate::{
    access::Permission,
    caller::Caller,
    crud::{self, Crud, Draft, Rights, Words},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    seals::to_hex,
    wire::{Metadata, Time, nullable, wire_enum},
};

wire_enum!(
    /// What a trunk speaks.
    TrunkType,
    /// May a trunk carry calls?
    TrunkStatus,
);

/// Source networks of one trunk.
const SOURCES_MAX: usize = 200;

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Trunks>()
}

pub(super) struct Trunks;

/// A trunk. Its password is never shown, nor stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trunk {
    /// The trunk's id.
    id: Uuid,
    /// The tenant the trunk belongs to.
    tenant_id: Uuid,
    /// The carrier of the trunk.
    carrier_id: Uuid,
    /// What people call the trunk.
    name: String,
    /// What the trunk speaks; only `SIP` carries calls so far.
    #[serde(rename = "type")]
    kind: TrunkType,
    /// Where calls to the carrier go.
    #[schema(example = "sip.carrier.example")]
    host: String,
    /// Port of the carrier, 1 to 65535.
    #[schema(example = 5060)]
    port: u16,
    /// Where calls come from.
    #[schema(example = json!(["203.0.113.0/24"]))]
    source_cidrs: Vec<String>,
    /// Digest user, where calls from elsewhere are challenged.
    username: Option<String>,
    /// Digest realm the password was given for.
    realm: Option<String>,
    /// How it carries calls out; null: it does not.
    outbound: Option<OutboundCalls>,
    /// Most calls at once.
    max_concurrent_calls: Option<u32>,
    /// Only an `ACTIVE` trunk carries calls.
    status: TrunkStatus,
    /// What integrations keep with the trunk.
    metadata: Metadata,
    /// When the trunk was made.
    created_at: Time,
    /// When the trunk last changed.
    updated_at: Time,
}

fn view(trunk: &operations::Trunk) -> Trunk {
    Trunk {
        id: trunk.id.uuid(),
        tenant_id: trunk.tenant.uuid(),
        carrier_id: trunk.carrier.uuid(),
        name: trunk.name.clone(),
        kind: TrunkType(trunk.kind),
        host: trunk.host.clone(),
        port: trunk.port,
        source_cidrs: trunk.source_cidrs.clone(),
        username: trunk.digest_username.clone(),
        realm: trunk.digest_realm.clone(),
        outbound: trunk.outbound.as_ref().map(outbound::view),
        max_concurrent_calls: trunk.concurrent_calls_max,
        status: TrunkStatus(trunk.status),
        metadata: Metadata::of(&trunk.metadata),
        created_at: Time(trunk.created_at),
        updated_at: Time(trunk.updated_at),
    }
}

/// What a list of trunks is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct TrunkQuery {
    /// Only this carrier's.
    #[garde(skip)]
    carrier_id: Option<Uuid>,
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<TrunkStatus>)]
    status: Option<TrunkStatus>,
    /// Part of name or host.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
    /// Only those that carry calls out, whatever their status; `false`: only those that do not.
    #[garde(skip)]
    outbound: Option<bool>,
}

/// A new trunk: with source networks, a digest user, or both.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTrunkRequest {
    /// One of the tenant's carriers.
    #[garde(skip)]
    carrier_id: Uuid,
    /// What people call the trunk.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "West")]
    name: String,
    /// `SIP` unless said otherwise.
    #[garde(skip)]
    #[serde(rename = "type")]
    kind: Option<TrunkType>,
    /// Host name or address of the carrier, without a port.
    #[garde(length(chars, min = 1, max = 253))]
    #[schema(min_length = 1, max_length = 253, example = "sip.carrier.example")]
    host: String,
    /// 5060 unless said otherwise.
    #[garde(range(min = 1))]
    #[schema(minimum = 1)]
    port: Option<u16>,
    /// Addresses and networks calls come from: `203.0.113.0/24`.
    #[garde(length(max = SOURCES_MAX))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::wire::NetworkText>, max_items = 200, example = json!(["203.0.113.0/24"]))]
    source_cidrs: Vec<String>,
    /// Digest user, where calls from elsewhere are challenged; with `password`.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128)]
    username: Option<String>,
    /// Kept as HA1 hashes only (RFC 7616).
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: Option<String>,
    /// How it carries calls out; absent: it does not.
    #[garde(dive)]
    outbound: Option<OutboundCallsRequest>,
    /// Most calls at once; absent: no limit.
    #[garde(skip)]
    max_concurrent_calls: Option<u32>,
    /// Its status from the start; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<TrunkStatus>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// The same for a tenant, by the operator.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminCreateTrunkRequest {
    /// Whose it is to be.
    #[garde(skip)]
    tenant_id: Uuid,
    /// One of the tenant's carriers.
    #[garde(skip)]
    carrier_id: Uuid,
    /// What people call the trunk.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "West")]
    name: String,
    /// `SIP` unless said otherwise.
    #[garde(skip)]
    #[serde(rename = "type")]
    kind: Option<TrunkType>,
    /// Host name or address of the carrier, without a port.
    #[garde(length(chars, min = 1, max = 253))]
    #[schema(min_length = 1, max_length = 253, example = "sip.carrier.example")]
    host: String,
    /// 5060 unless said otherwise.
    #[garde(range(min = 1))]
    #[schema(minimum = 1)]
    port: Option<u16>,
    /// Addresses and networks calls come from: `203.0.113.0/24`.
    #[garde(length(max = SOURCES_MAX))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::wire::NetworkText>, max_items = 200, example = json!(["203.0.113.0/24"]))]
    source_cidrs: Vec<String>,
    /// Digest user, where calls from elsewhere are challenged; with `password`.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128)]
    username: Option<String>,
    /// Kept as HA1 hashes only (RFC 7616).
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: Option<String>,
    /// How it carries calls out; absent: it does not.
    #[garde(dive)]
    outbound: Option<OutboundCallsRequest>,
    /// Most calls at once; absent: no limit.
    #[garde(skip)]
    max_concurrent_calls: Option<u32>,
    /// Its status from the start; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<TrunkStatus>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

impl AdminCreateTrunkRequest {
    /// Whose, and what the tenant itself would have written.
    pub(super) fn split(self) -> (Uuid, CreateTrunkRequest) {
        let Self {
            tenant_id,
            carrier_id,
            name,
            kind,
            host,
            port,
            source_cidrs,
            username,
            password,
            outbound,
            max_concurrent_calls,
            status,
            metadata,
        } = self;
        (
            tenant_id,
            CreateTrunkRequest {
                carrier_id,
                name,
                kind,
                host,
                port,
                source_cidrs,
                username,
                password,
                outbound,
                max_concurrent_calls,
                status,
                metadata,
            },
        )
    }
}

/// Addresses and networks, as stored.
fn sources(given: &[String], faults: &mut Vec<Fault>) -> Vec<String> {
    for (index, text) in given.iter().enumerate() {
        if !is_network(text) {
            faults.push(Fault::body(
                format!("sourceCidrs[{index}]"),
                "is not an address or network such as 203.0.113.0/24",
            ));
        }
    }
    given.to_vec()
}

/// A name or an address: it becomes part of a SIP URI.
fn check_host(host: &str, faults: &mut Vec<Fault>) {
    let is_name =
        host.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_'));
    if !is_name && host.parse::<std::net::IpAddr>().is_err() {
        faults.push(Fault::body(
            "host",
            "is no host name or address such as sip.carrier.example; the port has a field of its own",
        ));
    }
}

fn is_network(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.len() <= 3 && bits.parse::<u32>().is_ok_and(|bits| bits <= bits_max))
}

/// How narrow the network is, in bits, where it holds the address.
pub(super) fn network_holds(network: &str, address: std::net::IpAddr) -> Option<u8> {
    use std::net::IpAddr;
    let (text, bits) = network.split_once('/').map_or((network, None), |(text, bits)| (text, Some(bits)));
    let of: IpAddr = text.parse().ok()?;
    let whole: u8 = if of.is_ipv4() { 32 } else { 128 };
    let bits: u8 = bits.map_or(Some(whole), |bits| bits.parse().ok()).filter(|bits| *bits <= whole)?;
    let differs = match (of, address.to_canonical()) {
        (IpAddr::V4(of), IpAddr::V4(address)) => u128::from(of.to_bits() ^ address.to_bits()) << 96,
        (IpAddr::V6(of), IpAddr::V6(address)) => of.to_bits() ^ address.to_bits(),
        _ => return None,
    };
    (differs.leading_zeros() >= u32::from(bits)).then_some(bits)
}

/// HA1 of RFC 7616, section 3.4.2, by MD5 and by SHA-256.
fn set_digest(trunk: &mut operations::Trunk, username: &str, password: &str, realm: &str) {
    use md5::Digest as _;
    let secret = format!("{username}:{realm}:{password}");
    trunk.digest_username = Some(username.to_owned());
    trunk.digest_realm = Some(realm.to_owned());
    trunk.digest_ha1_md5 = Some(to_hex(&md5::Md5::digest(secret.as_bytes())));
    trunk.digest_ha1_sha256 = Some(to_hex(&sha2::Sha256::digest(secret.as_bytes())));
}

fn clear_digest(trunk: &mut operations::Trunk) {
    trunk.digest_username = None;
    trunk.digest_realm = None;
    trunk.digest_ha1_md5 = None;
    trunk.digest_ha1_sha256 = None;
}

/// Changes of a trunk: members not named stay, null clears.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateTrunkRequest {
    /// What people call the trunk.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What the trunk speaks; only `SIP` carries calls so far.
    #[garde(skip)]
    #[serde(rename = "type")]
    kind: Option<TrunkType>,
    /// Host name or address of the carrier, without a port.
    #[garde(length(chars, min = 1, max = 253))]
    #[schema(min_length = 1, max_length = 253)]
    host: Option<String>,
    /// Port of the carrier, 1 to 65535.
    #[garde(range(min = 1))]
    #[schema(minimum = 1)]
    port: Option<u16>,
    /// Addresses and networks calls come from: `203.0.113.0/24`.
    #[garde(length(max = SOURCES_MAX))]
    #[schema(inline, value_type = Option<Vec<crate::wire::NetworkText>>, max_items = 200)]
    source_cidrs: Option<Vec<String>>,
    /// A new user needs a new password; null ends sign-in by digest.
    #[garde(inner(inner(length(chars, min = 1, max = 128))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(min_length = 1, max_length = 128)]
    username: Option<Option<String>>,
    /// Kept as HA1 hashes only (RFC 7616).
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: Option<String>,
    /// Anew as a whole; null: it carries no calls out any more.
    #[garde(dive)]
    #[serde(default, deserialize_with = "nullable")]
    outbound: Option<Option<OutboundCallsRequest>>,
    /// Most calls at once; null lifts the limit.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    max_concurrent_calls: Option<Option<u32>>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<TrunkStatus>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

fn apply(caller: &Caller, trunk: &mut operations::Trunk, body: UpdateTrunkRequest) -> ApiResult<()> {
    let realm = &caller.state.config().sip_realm;
    let mut faults = Vec::new();
    if let Some(name) = body.name {
        trunk.name = name;
    }
    if let Some(kind) = body.kind {
        trunk.kind = kind.0;
    }
    if let Some(host) = body.host {
        check_host(&host, &mut faults);
        trunk.host = host;
    }
    if let Some(port) = body.port {
        trunk.port = port;
    }
    if let Some(given) = body.source_cidrs {
        trunk.source_cidrs = sources(&given, &mut faults);
    }
    match (body.username, body.password) {
        (Some(None), _) => clear_digest(trunk),
        (Some(Some(username)), Some(password)) => set_digest(trunk, &username, &password, realm),
        (Some(Some(username)), None) if Some(&username) != trunk.digest_username.as_ref() => {
            faults.push(Fault::body("password", "is required with a new username"));
        }
        (None, Some(password)) => match trunk.digest_username.clone() {
            Some(username) => set_digest(trunk, &username, &password, realm),
            None => faults.push(Fault::body("username", "is required with password")),
        },
        (Some(Some(_)) | None, None) => {}
    }
    if let Some(outbound) = body.outbound {
        let before = trunk.outbound.take();
        trunk.outbound = outbound.map(|outbound| outbound.stored(caller, trunk.id, before.as_ref(), &mut faults));
    }
    if let Some(limit) = body.max_concurrent_calls {
        trunk.concurrent_calls_max = limit;
    }
    if let Some(status) = body.status {
        trunk.status = status.0;
    }
    if let Some(metadata) = body.metadata {
        trunk.metadata = metadata.0;
    }
    if faults.is_empty() { Ok(()) } else { Err(ApiError::validation(faults)) }
}

impl Crud for Trunks {
    type Entity = operations::Trunk;
    type View = Trunk;
    type Query = TrunkQuery;
    type Create = CreateTrunkRequest;
    type Update = UpdateTrunkRequest;

    const WORDS: Words = Words {
        tag: "Carriers",
        path: "/api/v1/trunks",
        name: "Trunk",
        names: "Trunks",
        one: "a trunk",
        many: "trunks",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::CarriersRead, write: Permission::CarriersWrite, delete: Permission::CarriersDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Trunk>> {
        &directory.trunks
    }

    fn filter(query: TrunkQuery) -> TrunkFilter {
        TrunkFilter {
            carrier: query.carrier_id.map(Into::into),
            status: query.status.map(|status| status.0),
            search: query.search,
            carries_out: query.outbound,
        }
    }

    async fn views(_: &Caller, found: &[operations::Trunk]) -> ApiResult<Vec<Trunk>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(caller: &Caller, draft: Draft<TrunkId>, body: CreateTrunkRequest) -> ApiResult<operations::Trunk> {
        let mut faults = Vec::new();
        check_host(&body.host, &mut faults);
        let mut trunk = operations::Trunk {
            id: draft.id,
            tenant: draft.tenant,
            carrier: body.carrier_id.into(),
            name: body.name,
            kind: body.kind.map_or(operations::TrunkType::Sip, |kind| kind.0),
            host: body.host,
            port: body.port.unwrap_or(5_060),
            source_cidrs: sources(&body.source_cidrs, &mut faults),
            digest_username: None,
            digest_realm: None,
            digest_ha1_md5: None,
            digest_ha1_sha256: None,
            outbound: body.outbound.map(|outbound| outbound.stored(caller, draft.id, None, &mut faults)),
            concurrent_calls_max: body.max_concurrent_calls,
            status: body.status.map_or(operations::TrunkStatus::Active, |status| status.0),
            metadata: Metadata::or_empty(body.metadata),
            created_at: draft.now,
            updated_at: draft.now,
        };
        match (&body.username, &body.password) {
            (Some(username), Some(password)) => {
                set_digest(&mut trunk, username, password, &caller.state.config().sip_realm)
            }
            (None, None) => {}
            (Some(_), None) => faults.push(Fault::body("password", "is required with username")),
            (None, Some(_)) => faults.push(Fault::body("username", "is required with password")),
        }
        if faults.is_empty() { Ok(trunk) } else { Err(ApiError::validation(faults)) }
    }

    async fn change(caller: &Caller, trunk: &mut operations::Trunk, body: UpdateTrunkRequest) -> ApiResult<()> {
        apply(caller, trunk, body)
    }

    /// A new password shows in no view, so the log says it in words.
    async fn changed(caller: &Caller, before: &operations::Trunk, after: &operations::Trunk) {
        let sealed = |trunk: &operations::Trunk| trunk.outbound.as_ref().and_then(|out| out.sealed_password.clone());
        let is_new = |before: Option<&String>, after: Option<&String>| after.is_some() && before != after;
        if is_new(before.digest_ha1_sha256.as_ref(), after.digest_ha1_sha256.as_ref())
            || is_new(sealed(before).as_ref(), sealed(after).as_ref())
        {
            let id = Some(after.id.to_string());
            caller.note("trunk.password", operations::Trunk::NAME, id, serde_json::json!({})).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_addresses_or_networks() {
        for (text, is) in [
            ("203.0.113.0/24", true),
            ("203.0.113.7", true),
            ("2001:db8::/32", true),
            ("203.0.113.0/33", false),
            ("carrier.example", false),
            ("203.0.113.0/", false),
            ("/24", false),
        ] {
            assert_eq!(is_network(text), is, "{text}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses() {
        for (network, address, bits) in [
            ("203.0.113.0/24", "203.0.113.7", Some(24)),
            ("203.0.113.0/24", "203.0.114.7", None),
            ("203.0.113.7", "203.0.113.7", Some(32)),
            ("203.0.113.7", "203.0.113.8", None),
            ("0.0.0.0/0", "198.51.100.1", Some(0)),
            ("2001:db8::/32", "2001:db8:1::1", Some(32)),
            ("2001:db8::/32", "2001:db9::1", None),
            ("0.0.0.0/0", "2001:db8::1", None),
            ("203.0.113.0/24", "::ffff:203.0.113.9", Some(24)),
            ("carrier.example", "203.0.113.7", None),
        ] {
            assert_eq!(network_holds(network, address.parse().unwrap()), bits, "{network} {address}");
        }
    }
}
