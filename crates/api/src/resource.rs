//! Registration of routes. The only ways in name who may come: a permission, anybody signed in, or everybody. What is
//! refused, and with which status, goes into the OpenAPI document from here, so no handler has to repeat it.

use axum::{
    Extension,
    extract::{FromRequestParts as _, MatchedPath, Request},
    http::{HeaderValue, Method, header},
    middleware,
    middleware::Next,
    response::Response,
};
use operations::{Role, Side, demo_is_on, demo_tenant, permissions_of};
use utoipa::openapi::{
    HttpMethod, ObjectBuilder, PathItem, RefOr, Required, ResponseBuilder,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    schema::Type,
    security::SecurityRequirement,
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    access::{Grants, Permission, Principal, Who},
    authenticate::Identity,
    caller::{Context, Noted},
    conditional,
    convert::from_store,
    idempotency,
    problem::ApiError,
    refusals,
    state::State,
};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Anybody signed in.
    SignedIn,
    /// Whoever holds the permission, and sees the whole tenant.
    Needs(Permission),
    /// Whoever holds the permission; who is bound to a publisher or a buyer sees their own side.
    Sided(Permission),
}

/// The routes of one resource.
#[expect(missing_debug_implementations, reason = "OpenApiRouter has none")]
pub struct Resource {
    tag: &'static str,
    router: OpenApiRouter<State>,
}

impl Resource {
    /// Empty; `tag` groups its operations in the document.
    pub fn new(tag: &'static str) -> Self {
        Self { tag, router: OpenApiRouter::new() }
    }

    /// Routes for holders of `permission`.
    pub fn needs(self, permission: Permission, routes: UtoipaMethodRouter<State>) -> Self {
        self.add(Access::Needs(permission), routes)
    }

    /// The same, also for whoever is bound to a publisher or a buyer: the handler reads through `Caller::scope` and leaves out
    /// what a side must not know. Every other route is closed to them.
    pub fn sided(self, permission: Permission, routes: UtoipaMethodRouter<State>) -> Self {
        self.add(Access::Sided(permission), routes)
    }

    /// Routes for anybody signed in.
    pub fn signed_in(self, routes: UtoipaMethodRouter<State>) -> Self {
        self.add(Access::SignedIn, routes)
    }

    /// Routes for everybody.
    pub fn public(self, routes: UtoipaMethodRouter<State>) -> Self {
        self.add(Access::Public, routes)
    }

    /// The finished router.
    pub fn finish(self) -> OpenApiRouter<State> {
        self.router
    }

    fn add(mut self, access: Access, (schemas, mut paths, methods): UtoipaMethodRouter<State>) -> Self {
        for (path, item) in &mut paths.paths {
            for (is_change, operation) in operations_mut(item) {
                document(operation, path, is_change, access, self.tag);
            }
        }
        let guarded = methods.route_layer(middleware::from_fn(
            move |Extension(identity): Extension<Identity>,
                  Extension(state): Extension<State>,
                  request: Request,
                  next: Next| async move { admit(access, identity, &state, request, next).await },
        ));
        self.router = self.router.routes((schemas, paths, guarded));
        self
    }
}

async fn admit(
    access: Access,
    identity: Identity,
    state: &State,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if access == Access::Public {
        return Ok(next.run(request).await);
    }
    let principal = match identity {
        Identity::Known(principal) => principal,
        Identity::Anonymous => return Err(ApiError::unauthorized("Authentication required")),
        Identity::Refused(error) => return Err(error),
    };
    if !is_safe(request.method()) {
        check_csrf(&principal, state, &request)?;
    }
    let principal = if matches!(access, Access::Needs(_) | Access::Sided(_)) {
        visitor(principal, state, request.headers().get(DEMO_HEADER).cloned()).await?
    } else {
        principal
    };
    if let Access::Needs(permission) | Access::Sided(permission) = access
        && let Err(refused) = check_permission(&principal, access, permission)
    {
        note_denial(principal, state, request, permission).await;
        return Err(refused);
    }
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if let Some(precondition) = conditional::precondition(&method, path, request.headers())? {
        request.extensions_mut().insert(precondition);
    }
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).cloned();
    let keyed = (!is_safe(&method)).then(|| principal.clone());
    request.extensions_mut().insert(principal);
    let run = async move |request| conditional::tagged(&method, if_none_match, next.run(request).await).await;
    match keyed {
        Some(principal) => idempotency::once(&principal, state, request, run).await,
        None => Ok(run(request).await),
    }
}

/// Names the tenant of the demo to look into (inventory, section 2.7).
const DEMO_HEADER: &str = "x-demo-tenant-id";

/// Whoever asks to look into the demo is there what READONLY is in a tenant: nothing but reading, and nothing of their own.
async fn visitor(principal: Principal, state: &State, asked: Option<HeaderValue>) -> Result<Principal, ApiError> {
    let Some(asked) = asked else { return Ok(principal) };
    let demo = demo_tenant();
    if principal.tenant == demo || principal.pending.is_some() {
        return Ok(principal);
    }
    let is_demo = asked.to_str().is_ok_and(|text| text.parse() == Ok(demo.uuid()));
    if !is_demo || demo_is_on(state.directory()).await.map_err(from_store)? != Some(true) {
        return Err(ApiError { code: "DEMO_NOT_FOUND", ..ApiError::not_found("Demo") });
    }
    let reading = permissions_of(Role::ReadOnly).iter().map(|granted| (*granted).to_owned()).collect();
    Ok(Principal { tenant: demo, side: Side::Whole, grants: Grants::new(reading, false), ..principal })
}

/// Into the audit log, once a minute for one who and what: a program that asks again and again is no news.
async fn note_denial(principal: Principal, state: &State, request: Request, permission: Permission) {
    if !state.is_first_of_late(&format!("denied:{}:{}", principal.label(), permission.as_str())).await {
        return;
    }
    let (mut parts, _) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let Ok(context) = Context::from_request_parts(&mut parts, state).await else { return };
    let denied = Noted { action: "authorization.denied", entity: "permission", success: false };
    let changes = serde_json::json!({"path": {"after": path}, "by": {"after": principal.label()}});
    let needed = Some(permission.as_str().to_owned());
    context.note(state, principal.tenant, principal.user(), denied, needed, changes).await;
}

fn check_permission(principal: &Principal, access: Access, permission: Permission) -> Result<(), ApiError> {
    if let Some(pending) = principal.pending {
        let (code, message) = pending.words();
        return Err(ApiError { code, ..ApiError::forbidden(message) });
    }
    let is_open = principal.side.is_whole() || matches!(access, Access::Sided(_));
    if is_open && principal.grants.allow(permission) {
        return Ok(());
    }
    tracing::warn!(who = %principal.label(), tenant = %principal.tenant, needs = permission.as_str(), "authorization.denied");
    let message = if is_open {
        format!("Permission denied: {}", permission.as_str())
    } else {
        format!("Permission denied: {} is not for publishers and buyers", permission.as_str())
    };
    Err(ApiError::forbidden(message))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A browser sends its cookie with any page's request; the token only our own page can read.
fn check_csrf(principal: &Principal, state: &State, request: &Request) -> Result<(), ApiError> {
    let Who::User { session, by_cookie: true, .. } = &principal.who else { return Ok(()) };
    let token = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok());
    let Some(token) = token else {
        tracing::warn!(who = %principal.label(), "csrf.missing_token");
        return Err(ApiError::forbidden("Send the x-csrf-token header (GET /auth/csrf gives one)"));
    };
    if state.seals().csrf_matches(session, token) {
        return Ok(());
    }
    tracing::warn!(who = %principal.label(), "csrf.invalid_token");
    Err(ApiError::forbidden("The x-csrf-token is not this session's"))
}

/// The operations of a path, each with whether it changes anything.
pub(crate) fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let safe = [&mut item.get, &mut item.head].into_iter().map(|operation| (false, operation));
    let changing = [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch]
        .into_iter()
        .map(|operation| (true, operation));
    safe.chain(changing).filter_map(|(is_change, operation)| operation.as_mut().map(|operation| (is_change, operation)))
}

/// Which schemes let somebody in, in the document's words.
const SCHEMES: [&str; 3] = ["bearer", "sessionCookie", "apiKey"];

fn document(operation: &mut Operation, path: &str, is_change: bool, access: Access, tag: &str) {
    operation.tags = Some(vec![tag.to_owned()]);
    if matches!(access, Access::Sided(_)) {
        let sides = serde_json::json!(["publisher", "buyer"]);
        let extensions = utoipa::openapi::extensions::Extensions::builder().add("x-sides", sides).build();
        operation.extensions = Some(extensions);
    }
    operation.security = Some(match access {
        Access::Public => Vec::new(),
        Access::SignedIn => SCHEMES.iter().map(|scheme| SecurityRequirement::new(*scheme, [""; 0])).collect(),
        // OpenAPI 3.1 (4.8.30): for schemes other than OAuth 2 the list may name the roles required.
        Access::Needs(permission) | Access::Sided(permission) => {
            SCHEMES.iter().map(|scheme| SecurityRequirement::new(*scheme, [permission.as_str()])).collect()
        }
    });
    let answers_json = matches!(operation.responses.responses.get("200"), Some(RefOr::T(found))
        if found.content.contains_key("application/json"));
    if !is_change && access != Access::Public && answers_json {
        let known = "ETag of an earlier answer: unless something changed since, the answer is 304 without a body.";
        operation.parameters.get_or_insert_default().push(RefOr::T(tag_parameter("If-None-Match", known)));
        let unchanged = ResponseBuilder::new().description("As it was").build();
        operation.responses.responses.entry("304".to_owned()).or_insert(RefOr::T(unchanged));
    }
    let is_versioned = is_change && conditional::has_versions(path);
    if is_versioned {
        let wanted = "ETag of the version the change is for: any other is left as it is, and answered with 412.";
        operation.parameters.get_or_insert_default().push(RefOr::T(tag_parameter("If-Match", wanted)));
    }
    if is_change && reads_override(path) {
        operation.parameters.get_or_insert_default().push(RefOr::T(override_parameter()));
    }
    let is_keyed = is_change && access != Access::Public;
    if is_keyed {
        operation.parameters.get_or_insert_default().push(RefOr::T(key_parameter()));
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.parameter_in == ParameterIn::Query
            && parameter.required != Required::True
        {
            // Forms send every field left blank: it is read as not given (`extract::Query`).
            parameter.extensions.get_or_insert_default().insert("allowEmptyValue".to_owned(), true.into());
        }
    }
    let has_query = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query));
    let mut refused = vec![&refusals::TOO_MANY, &refusals::BROKEN, &refusals::NOT_ANSWERING];
    if operation.request_body.is_some() {
        refused.extend([&refusals::UNREADABLE, &refusals::TOO_LARGE, &refusals::OTHER_MEDIA_TYPE]);
    }
    if is_versioned {
        refused.push(&refusals::ANOTHER_VERSION);
    }
    if access != Access::Public {
        refused.push(&refusals::NOT_SIGNED_IN);
    }
    let is_permitted = matches!(access, Access::Needs(_) | Access::Sided(_));
    if is_permitted || (is_change && access != Access::Public) {
        refused.push(&refusals::DENIED);
    }
    if is_keyed {
        refused.extend([&refusals::CONFLICTING, &refusals::TOO_LARGE, &refusals::CHANGE_NOT_VALID]);
    } else if has_query || operation.request_body.is_some() {
        refused.push(&refusals::NOT_VALID);
    }
    if path.contains('{') {
        refused.push(&refusals::NOT_THERE);
    } else if operation.request_body.is_some() && access != Access::Public {
        refused.push(&refusals::NAMED_NOT_THERE);
    }
    for refusal in refused {
        operation.responses.responses.entry(refusal.status()).or_insert_with(|| refusal.reference());
    }
}

fn tag_parameter(name: &str, description: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).examples(["\"63f1a2b3c4d5e-0a1b2c3d4e5f6071\""]);
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(description))
        .schema(Some(text))
        .build()
}

/// What begins something that quotas or a budget limit.
fn reads_override(path: &str) -> bool {
    matches!(path, "/api/v1/calls" | "/api/v1/numbers" | "/api/v1/numbers/import")
}

fn override_parameter() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .examples(["qot_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]);
    ParameterBuilder::new()
        .name("X-Quota-Override")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A token the operator made for the tenant: lets pass what its quotas or its budget would refuse, and is noted \
             where it does. One that is not the tenant's, or whose time is up, changes nothing.",
        ))
        .schema(Some(text))
        .build()
}

fn key_parameter() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(operations::IDEMPOTENCY_KEY_CHARS_MAX))
        .pattern(Some("^[ -~]+$"))
        .examples(["9f4c1c52-order-1042"]);
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Names the request: sent again with the same key it is answered what it was answered before (with \
             `Idempotency-Replayed: true`) and done once. Kept for a day.",
        ))
        .schema(Some(text))
        .build()
}

/// The operations of a path with their methods, for the tests that walk the document.
pub fn operations(item: &PathItem) -> Vec<(HttpMethod, &Operation)> {
    [
        (HttpMethod::Get, &item.get),
        (HttpMethod::Put, &item.put),
        (HttpMethod::Post, &item.post),
        (HttpMethod::Delete, &item.delete),
        (HttpMethod::Patch, &item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
    .collect()
}
