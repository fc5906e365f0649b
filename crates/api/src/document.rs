//! The OpenAPI document: what all operations share.

use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, InfoBuilder, KnownFormat, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    Schema, SchemaFormat, Server,
    schema::{AdditionalProperties, ArrayItems},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};
use utoipa::{Number, PartialSchema, ToSchema};

use crate::{
    problem::{ErrorBody, Fault, Problem},
    refusals,
    resource::operations_mut,
};

const DESCRIPTION: &str = "\
Call tracking and pay-per-call routing.

**Signing in.** People: `POST /auth/login` sets the `sessionId` cookie and answers the same token for \
`Authorization: Bearer`. Whoever relies on the cookie sends `x-csrf-token` with every POST, PUT, PATCH and DELETE. \
Programs: `X-API-Key`. The roles or scopes an operation needs stand in its security requirements; `*` stands for one \
segment, `admin:*` for everything of a tenant.

**Errors** are one document: `{\"error\": {code, message, details, requestId, retryAfter}}` with the members of RFC 9457 \
beside it. 400: the request cannot be read, as its body is no JSON. 422: it can be read and is not valid; every faulty field is named in \
`details` (and `errors`).

**Lists** answer `{\"data\": [...], \"meta\": {page, limit, total, totalIsAtLeast, totalPages, nextCursor}}`. Follow `nextCursor` to walk \
a long list while it grows.

**Values.** Times are RFC 3339 in UTC, telephone numbers E.164, amounts decimal strings, ids UUIDs.

**Limits.** A key or user may send so many requests a minute, at once or evenly, and all of a tenant together so many; `RateLimit-*` \
(and `X-RateLimit-*`) say how many are left of whichever is emptier, and in how many seconds it is full. Beyond: 429 with `Retry-After`. Bodies have \
1 MiB at most.";

const TAGS: [(&str, &str); 22] = [
    ("Sign-in", "Sessions, CSRF tokens, WebSocket tickets"),
    ("Calls", "What came in, where it went and why, what it earned"),
    ("Recordings", "What was said"),
    ("Dashboard", "Figures of a window of time"),
    ("Reporting", "Figures of a period, by time, campaign or status"),
    ("Live", "Events as they happen"),
    ("Numbers", "Tracking numbers"),
    ("Campaigns", "What calls are for"),
    ("Publishers", "Who brings calls"),
    ("Buyers", "Who takes calls, and where"),
    ("Flows", "What a call goes through; versions, publish, rollback"),
    ("Carriers", "Carriers and their trunks"),
    ("Compliance", "Whether a call may happen: do-not-call lists, policies, consents, overrides"),
    ("Billing", "Balance and rate cards"),
    ("Agents", "Queues of callers, and who answers them"),
    ("Leads", "People to call, or who called"),
    ("Tags", "Labels people put on calls"),
    ("Feature flags", "What is on for a tenant"),
    ("Users", "People of the tenant"),
    ("API keys", "Programs of the tenant"),
    ("Tenants", "Customers of the platform; for its operator"),
    ("Health", "Is it alive, is it ready"),
];

/// The document without operations.
pub fn base() -> OpenApi {
    let mut components = ComponentsBuilder::new()
        .schema(Problem::name(), Problem::schema())
        .schema(ErrorBody::name(), ErrorBody::schema())
        .schema(Fault::name(), Fault::schema())
        .security_scheme(
            "bearer",
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some("Session token of POST /auth/login"))
                    .build(),
            ),
        )
        .security_scheme(
            "sessionCookie",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                "sessionId",
                "Set by POST /auth/login; unsafe methods need x-csrf-token",
            ))),
        )
        .security_scheme("apiKey", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))))
        .build();
    refusals::add(&mut components);
    let info = InfoBuilder::new()
        .title("Hopwhistle")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .contact(Some(ContactBuilder::new().name(Some("Hopwhistle")).build()))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components))
        .tags(Some(TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())))
        .build()
}

/// The formats of unsigned integers are none that OpenAPI knows: they become the next signed one with their largest value as the bound,
/// where no rule gives a smaller one.
pub fn bound_integers(document: &mut OpenApi) {
    for schema in document.components.iter_mut().flat_map(|components| components.schemas.values_mut()) {
        bound(schema);
    }
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations_mut) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter {
                parameter.schema.iter_mut().for_each(bound);
            }
        }
    }
}

/// An enumeration written into a parameter with a default becomes both of two, the second an object: it is one string with a default.
pub fn join_defaults(document: &mut OpenApi) {
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations_mut) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter
                && let Some(RefOr::T(Schema::AllOf(both))) = &parameter.schema
                && let [RefOr::T(Schema::Object(choices)), RefOr::T(Schema::Object(usual))] = both.items.as_slice()
                && choices.enum_values.is_some()
                && usual.properties.is_empty()
            {
                let mut joined = choices.clone();
                joined.default.clone_from(&usual.default);
                parameter.schema = Some(RefOr::T(Schema::Object(joined)));
            }
        }
    }
}

/// A page's items are written out where they come from a generic type: they become references to what has the same name.
pub fn refer_to_items(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    let known = components.schemas.clone();
    for (name, schema) in &mut components.schemas {
        if let Some(item) = name.strip_prefix("List_")
            && let RefOr::T(Schema::Object(list)) = schema
            && let Some(RefOr::T(Schema::Array(data))) = list.properties.get_mut("data")
            && let ArrayItems::RefOrSchema(items) = &mut data.items
            && known.get(item) == Some(items.as_ref())
        {
            **items = RefOr::Ref(Ref::from_schema_name(item));
        }
    }
}

fn bound(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            let (format, largest) = match &object.format {
                Some(SchemaFormat::KnownFormat(KnownFormat::UInt8)) => (KnownFormat::Int32, Some(usize::from(u8::MAX))),
                Some(SchemaFormat::KnownFormat(KnownFormat::UInt16)) => {
                    (KnownFormat::Int32, Some(usize::from(u16::MAX)))
                }
                Some(SchemaFormat::KnownFormat(KnownFormat::UInt32)) => (KnownFormat::Int64, Some(0xffff_ffff)),
                Some(SchemaFormat::KnownFormat(KnownFormat::UInt64)) => (KnownFormat::Int64, None),
                _ => {
                    object.properties.values_mut().for_each(bound);
                    if let Some(AdditionalProperties::RefOr(rest)) = object.additional_properties.as_deref_mut() {
                        bound(rest);
                    }
                    return;
                }
            };
            object.format = Some(SchemaFormat::KnownFormat(format));
            object.minimum.get_or_insert(Number::UInt(0));
            if object.maximum.is_none() {
                object.maximum = largest.map(Number::UInt);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound(items);
            }
        }
        Schema::OneOf(any) => any.items.iter_mut().for_each(bound),
        Schema::AllOf(any) => any.items.iter_mut().for_each(bound),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(bound),
        _ => {}
    }
}
