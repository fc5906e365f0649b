//! The five routes of a simple resource, once: list, create, read, change, remove. What differs is said by [`Crud`]; the
//! OpenAPI document is made from the same types, so a resource is its wire types and four conversions (docs/adr/0150).

use std::{fmt::Display, future::Future, str::FromStr, sync::Arc};

use axum::{
    Json,
    http::StatusCode,
    routing::{MethodRouter, delete, get, patch, post},
};
use domain::{TenantId, Timestamp};
use garde::Validate;
use operations::{Directory, Entity, Page, PageRequest, Repository};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Content, HttpMethod, KnownFormat, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder, Schema, SchemaFormat,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, Paths},
        request_body::RequestBodyBuilder,
        schema::Type,
    },
};
use utoipa_axum::router::UtoipaMethodRouter;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId, Query},
    page::{List, PageQuery},
    problem::{ApiResult, PROBLEM_JSON},
    resource::Resource,
    state::State,
};

/// How a resource is spoken of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// Groups its operations in the document.
    pub tag: &'static str,
    /// `/api/v1/carriers`; one of them lies under `/{id}`.
    pub path: &'static str,
    /// In operation ids: `Carrier`.
    pub name: &'static str,
    /// And many: `Carriers`.
    pub names: &'static str,
    /// For people: `a carrier`.
    pub one: &'static str,
    /// `carriers`.
    pub many: &'static str,
    /// How a list is ordered: `newest first`.
    pub order: &'static str,
}

/// Who may do what with a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights {
    /// List and read.
    pub read: Permission,
    /// Create and change.
    pub write: Permission,
    /// Remove.
    pub delete: Permission,
}

/// What a new entity is given before its own fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft<I> {
    /// Its id.
    pub id: I,
    /// Whose it is.
    pub tenant: TenantId,
    /// When it is made.
    pub now: Timestamp,
}

impl<I: From<Uuid>> Draft<I> {
    /// For one of many that a request makes.
    pub(crate) fn of_row(caller: &Caller) -> Self {
        Self { id: caller.state.next_id(), tenant: caller.principal.tenant, now: caller.now() }
    }
}

/// The id of a resource's entity.
pub(crate) type IdOf<R> = <<R as Crud>::Entity as Entity>::Id;

/// A resource with the five routes.
pub(crate) trait Crud: Send + Sync + Sized + 'static {
    /// What is kept.
    type Entity: Entity<Id: FromStr + From<Uuid> + Display>;
    /// What is shown. Holds no secret: it goes into the audit log.
    type View: Serialize + ToSchema + Send + Sync + 'static;
    /// What a list is narrowed by.
    type Query: DeserializeOwned + Validate<Context = ()> + IntoParams + Send + 'static;
    /// The body of POST.
    type Create: DeserializeOwned + Validate<Context = ()> + ToSchema + Send + 'static;
    /// The body of PATCH.
    type Update: DeserializeOwned + Validate<Context = ()> + ToSchema + Send + 'static;

    /// Its names.
    const WORDS: Words;
    /// Its permissions.
    const RIGHTS: Rights;

    /// Where it is kept.
    fn repository(directory: &Directory) -> &Arc<dyn Repository<Self::Entity>>;
    /// What a list's parameters mean.
    fn filter(query: Self::Query) -> <Self::Entity as Entity>::Filter;
    /// As shown, in the same order.
    fn views(caller: &Caller, found: &[Self::Entity]) -> impl Future<Output = ApiResult<Vec<Self::View>>> + Send;
    /// A new one from its body; faults beyond the body's own rules are refused here.
    fn draft(
        caller: &Caller,
        draft: Draft<IdOf<Self>>,
        body: Self::Create,
    ) -> impl Future<Output = ApiResult<Self::Entity>> + Send;
    /// Changes what the body names.
    fn change(
        caller: &Caller,
        entity: &mut Self::Entity,
        body: Self::Update,
    ) -> impl Future<Output = ApiResult<()>> + Send;
    /// After a change was stored: for what the views do not show.
    fn changed(_: &Caller, _before: &Self::Entity, _after: &Self::Entity) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// The five routes of `R`.
pub(crate) fn routes<R: Crud>() -> Resource {
    routes_without_removal::<R>().needs(R::RIGHTS.delete, described::<R>(Verb::Remove, delete(remove::<R>)))
}

/// Listing and reading, for a resource that is changed elsewhere.
pub(crate) fn routes_to_read<R: Crud>() -> Resource {
    Resource::new(R::WORDS.tag)
        .needs(R::RIGHTS.read, described::<R>(Verb::List, get(list::<R>)))
        .needs(R::RIGHTS.read, described::<R>(Verb::Read, get(self::read::<R>)))
}

/// All but removal, for a resource that has more to say about it.
pub(crate) fn routes_without_removal<R: Crud>() -> Resource {
    let Rights { read, write, .. } = R::RIGHTS;
    Resource::new(R::WORDS.tag)
        .needs(read, described::<R>(Verb::List, get(list::<R>)))
        .needs(write, described::<R>(Verb::Create, post(create::<R>)))
        .needs(read, described::<R>(Verb::Read, get(self::read::<R>)))
        .needs(write, described::<R>(Verb::Update, patch(update::<R>)))
}

async fn view_of<R: Crud>(caller: &Caller, entity: &R::Entity) -> ApiResult<R::View> {
    let views = R::views(caller, std::slice::from_ref(entity)).await?;
    views.into_iter().next().ok_or_else(|| crate::ApiError::internal("a view is missing"))
}

async fn list<R: Crud>(
    caller: Caller,
    Query(page): Query<PageQuery<R::Entity>>,
    Query(query): Query<R::Query>,
) -> ApiResult<Json<List<R::View>>> {
    let found = page_of::<R>(&caller, &R::filter(query), &page.request()).await?;
    Ok(Json(page.list(found.items, found.total, found.next)))
}

/// A page as shown.
pub(crate) async fn page_of<R: Crud>(
    caller: &Caller,
    filter: &<R::Entity as Entity>::Filter,
    page: &PageRequest,
) -> ApiResult<Page<R::View>> {
    let found = R::repository(caller.directory()).list(caller.scope(), filter, page).await.map_err(from_store)?;
    let items = R::views(caller, &found.items).await?;
    Ok(Page { items, total: found.total, next: found.next })
}

async fn create<R: Crud>(caller: Caller, Body(body): Body<R::Create>) -> ApiResult<(StatusCode, Json<R::View>)> {
    let draft = Draft { id: caller.new_id(), tenant: caller.principal.tenant, now: caller.now() };
    let id = draft.id;
    let entity = R::draft(&caller, draft, body).await?;
    Ok((StatusCode::CREATED, Json(keep::<R>(&caller, id, &entity).await?)))
}

/// Keeps a new one, with its entry in the audit log.
pub(crate) async fn keep<R: Crud>(caller: &Caller, id: IdOf<R>, entity: &R::Entity) -> ApiResult<R::View> {
    caller.insert(&**R::repository(caller.directory()), caller.scope(), id, entity).await?;
    let shown = view_of::<R>(caller, entity).await?;
    caller.audit(Done::Create, R::Entity::NAME, id, &(), &shown).await;
    Ok(shown)
}

async fn read<R: Crud>(caller: Caller, PathId(id): PathId<IdOf<R>>) -> ApiResult<Json<R::View>> {
    let entity = R::repository(caller.directory()).get(caller.scope(), id).await.map_err(from_store)?;
    Ok(Json(view_of::<R>(&caller, &entity).await?))
}

async fn update<R: Crud>(
    caller: Caller,
    PathId(id): PathId<IdOf<R>>,
    Body(body): Body<R::Update>,
) -> ApiResult<Json<R::View>> {
    let repository = R::repository(caller.directory());
    let found = repository.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view_of::<R>(&caller, &found).await?;
    let mut entity = found.clone();
    R::change(&caller, &mut entity, body).await?;
    let saved = repository.save(caller.target(), &entity, caller.now()).await.map_err(from_store)?;
    let after = view_of::<R>(&caller, &saved).await?;
    caller.audit(Done::Update, R::Entity::NAME, id, &before, &after).await;
    R::changed(&caller, &found, &saved).await;
    Ok(Json(after))
}

async fn remove<R: Crud>(caller: Caller, PathId(id): PathId<IdOf<R>>) -> ApiResult<StatusCode> {
    let repository = R::repository(caller.directory());
    let found = repository.get(caller.scope(), id).await.map_err(from_store)?;
    let before = view_of::<R>(&caller, &found).await?;
    repository.remove(caller.target(), id).await.map_err(from_store)?;
    caller.audit(Done::Delete, R::Entity::NAME, id, &before, &()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces `place` where a value was given.
pub(crate) fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

#[derive(Clone, Copy)]
enum Verb {
    List,
    Create,
    Read,
    Update,
    Remove,
}

/// What `routes!` makes of `#[utoipa::path]`, for a handler that is generic.
fn described<R: Crud>(verb: Verb, handler: MethodRouter<State>) -> UtoipaMethodRouter<State> {
    let Words { path, one, many, order, .. } = R::WORDS;
    let mut schemas = Vec::new();
    let one_path = format!("{path}/{{id}}");
    let thing = one.split_once(' ').map_or(one, |(_, thing)| thing);
    let (method, path, operation) = match verb {
        Verb::List => {
            let name = format!("List_{}", R::View::name());
            add_schema::<R::View>(&mut schemas);
            schemas.push((name.clone(), List::<R::View>::schema()));
            List::<R::View>::schemas(&mut schemas);
            let operation = operation::<R>("list", R::WORDS.names, format!("Lists {many}, {order}."))
                .parameters(Some(query_parameters::<R>()))
                .response("200", answer(&format!("A page of {many}"), &name));
            (HttpMethod::Get, path.to_owned(), operation)
        }
        Verb::Create => {
            let operation = operation::<R>("create", R::WORDS.name, format!("Adds {one}."))
                .request_body(Some(body::<R::Create>(&mut schemas)))
                .response("201", view_answer::<R>(thing, &mut schemas))
                .response("404", problem("It names something this tenant does not have"));
            (HttpMethod::Post, path.to_owned(), operation)
        }
        Verb::Read => {
            let operation = operation::<R>("get", R::WORDS.name, format!("Reads {one}."))
                .parameter(id_parameter(thing))
                .response("200", view_answer::<R>(thing, &mut schemas));
            (HttpMethod::Get, one_path, operation)
        }
        Verb::Update => {
            let summary = format!("Changes {one}: members not named stay.");
            let operation = operation::<R>("update", R::WORDS.name, summary)
                .parameter(id_parameter(thing))
                .request_body(Some(body::<R::Update>(&mut schemas)))
                .response("200", view_answer::<R>(thing, &mut schemas));
            (HttpMethod::Patch, one_path, operation)
        }
        Verb::Remove => {
            let summary = format!("Removes {one} that nothing needs any more.");
            let operation = operation::<R>("delete", R::WORDS.name, summary)
                .parameter(id_parameter(thing))
                .response("204", ResponseBuilder::new().description("Removed").build());
            (HttpMethod::Delete, one_path, operation)
        }
    };
    let mut paths = Paths::new();
    paths.add_path_operation(path, vec![method], Operation::from(operation));
    (schemas, paths, handler)
}

fn operation<R: Crud>(verb: &str, name: &str, summary: String) -> OperationBuilder {
    OperationBuilder::new().operation_id(Some(format!("{verb}{name}"))).summary(Some(summary))
}

type Schemas = Vec<(String, RefOr<Schema>)>;

fn add_schema<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn content(name: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(name)))
}

fn answer(description: &str, schema: &str) -> utoipa::openapi::Response {
    ResponseBuilder::new().description(description).content("application/json", content(schema)).build()
}

fn problem(description: &str) -> utoipa::openapi::Response {
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, content("Problem")).build()
}

fn view_answer<R: Crud>(thing: &str, schemas: &mut Schemas) -> utoipa::openapi::Response {
    add_schema::<R::View>(schemas);
    answer(&format!("The {thing}"), &R::View::name())
}

fn body<T: ToSchema>(schemas: &mut Schemas) -> utoipa::openapi::request_body::RequestBody {
    add_schema::<T>(schemas);
    RequestBodyBuilder::new().content("application/json", content(&T::name())).required(Some(Required::True)).build()
}

fn query_parameters<R: Crud>() -> Vec<Parameter> {
    let mut parameters = PageQuery::<R::Entity>::into_params(|| Some(ParameterIn::Query));
    parameters.extend(R::Query::into_params(|| Some(ParameterIn::Query)));
    parameters
}

fn id_parameter(thing: &str) -> Parameter {
    let uuid =
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("The {thing}'s id")))
        .schema(Some(uuid))
        .build()
}
