//! Lists: `{"data": [...], "meta": {...}}`, by page number or by cursor.

use std::{cmp::Ordering, marker::PhantomData};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use garde::Validate;
use operations::{Listed, Order, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, PageRequest, StoreError, Total};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        ObjectBuilder, Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::Type,
    },
};

use crate::{
    convert::from_store,
    problem::{ApiError, ApiResult},
};

/// Which part of a list of `L`, and in which order.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct PageQuery<L: Listed> {
    /// Page number, 1 the first.
    #[garde(range(min = 1, max = 100_000))]
    pub page: Option<u32>,
    /// Items of a page.
    #[garde(range(min = 1, max = PAGE_LIMIT_MAX))]
    pub limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    #[garde(length(chars, max = 512))]
    pub cursor: Option<String>,
    /// One of the list's orders.
    #[garde(inner(custom(is_order::<L>)))]
    pub sort: Option<String>,
    #[garde(skip)]
    #[serde(skip)]
    listed: PhantomData<fn() -> L>,
}

/// The same for the document, which `sort` is added to.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
struct PageParameters {
    /// Page number, 1 the first. Not together with `cursor`.
    #[param(minimum = 1, maximum = 100_000, default = 1)]
    page: Option<u32>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before, with the same `sort`: goes on behind its last item, however the list has grown since.
    /// Cheaper than a high page number, and without a total.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

impl<L: Listed> IntoParams for PageQuery<L> {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let orders = Order::fields::<L>().flat_map(|field| [field.to_owned(), format!("-{field}")]);
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(orders.collect::<Vec<_>>()))
            .default(<L as Listed>::ORDERS.first().map(|usual| json!(usual)));
        let sort = ParameterBuilder::new()
            .name("sort")
            .parameter_in(place().unwrap_or(ParameterIn::Query))
            .required(Required::False)
            .description(Some(
                "What the list is ordered by; with `-` before it from the greatest or newest down. Ids settle ties, and what has no \
                 value counts as the least.",
            ))
            .schema(Some(schema))
            .build();
        let mut parameters = PageParameters::into_params(place);
        parameters.push(sort);
        parameters
    }
}

fn is_order<L: Listed>(text: &str, _: &()) -> garde::Result {
    if Order::parse::<L>(text).is_some() {
        return Ok(());
    }
    let fields: Vec<&str> = Order::fields::<L>().collect();
    Err(garde::Error::new(format!("must be one of {}, with - before it to begin with the greatest", fields.join(", "))))
}

impl<L: Listed> PageQuery<L> {
    /// For the store.
    pub fn request(&self) -> PageRequest {
        let limit = self.limit.unwrap_or(PAGE_LIMIT_DEFAULT);
        let request = match &self.cursor {
            Some(cursor) => PageRequest::after(cursor.clone(), limit),
            None => PageRequest::number(self.page.unwrap_or(1), limit),
        };
        request.ordered(self.sort.as_deref().and_then(Order::parse::<L>))
    }

    /// The envelope.
    pub fn envelope<T, U>(&self, page: Page<T>, view: impl FnMut(T) -> U) -> List<U> {
        let Page { items, total, next } = page;
        self.list(items.into_iter().map(view).collect(), total, next)
    }

    /// The envelope around views made already.
    pub fn list<U>(&self, data: Vec<U>, total: Option<Total>, next_cursor: Option<String>) -> List<U> {
        let limit = self.limit.unwrap_or(PAGE_LIMIT_DEFAULT);
        let meta = PageMeta {
            page: self.cursor.is_none().then(|| self.page.unwrap_or(1)),
            limit,
            total: total.map(|total| total.count),
            total_is_at_least: total.map(|total| total.is_at_least),
            total_pages: total
                .filter(|total| !total.is_at_least)
                .map(|total| total.count.div_ceil(u64::from(limit.max(1)))),
            next_cursor,
        };
        List { data, meta }
    }
}

/// What lists that are short by their nature are made of: read whole, pages of them are cut here.
pub trait Short: Listed + Serialize {
    /// The member that tells items apart, and settles ties.
    const ID: &'static str = "id";
}

impl<L: Short> PageQuery<L> {
    /// The page of all items: ordered by a member as it is shown, as [`Listed`] says.
    pub fn cut(&self, all: Vec<L>) -> ApiResult<List<L>> {
        let Order { field, falls } = self.request().order_of::<L>();
        let mut placed = Vec::with_capacity(all.len());
        for item in all {
            let shown = serde_json::to_value(&item).map_err(ApiError::internal)?;
            placed.push(((shown[field].clone(), shown[L::ID].clone()), item));
        }
        let ordered = |one: &Place, other: &Place| {
            let order = compared(&one.0, &other.0).then_with(|| compared(&one.1, &other.1));
            if falls { order.reverse() } else { order }
        };
        placed.sort_by(|(one, _), (other, _)| ordered(one, other));
        let total = Total::known(placed.len() as u64);
        let limit = self.limit.unwrap_or(PAGE_LIMIT_DEFAULT);
        let skipped = match &self.cursor {
            Some(cursor) => {
                let last = parse_cursor(cursor, field).ok_or_else(|| from_store(StoreError::Cursor))?;
                placed.partition_point(|(place, _)| ordered(place, &last).is_le())
            }
            None => (self.page.unwrap_or(1).saturating_sub(1) as usize).saturating_mul(limit as usize),
        };
        let mut rest = placed.into_iter().skip(skipped);
        let (places, data): (Vec<Place>, Vec<L>) = rest.by_ref().take(limit as usize).unzip();
        let next = places
            .last()
            .filter(|_| rest.next().is_some())
            .map(|place| URL_SAFE_NO_PAD.encode(json!([field, place.0, place.1]).to_string()));
        Ok(self.list(data, self.cursor.is_none().then_some(total), next))
    }
}

/// What an item is ordered by, and what tells it from others.
type Place = (Value, Value);

fn parse_cursor(text: &str, field: &str) -> Option<Place> {
    let text = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (order, value, id): (String, Value, Value) = serde_json::from_slice(&text).ok()?;
    (order == field).then_some((value, id))
}

/// What has no value first, then numbers, then text.
fn compared(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().unwrap_or(0.0).total_cmp(&other.as_f64().unwrap_or(0.0))
        }
        _ => kind(one).cmp(&kind(other)),
    }
}

const fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Number(_) => 1,
        _ => 2,
    }
}

/// Where a page stands in its list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaginationMeta)]
pub struct PageMeta {
    /// Page number; absent on pages asked for by cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub page: Option<u32>,
    /// Items of a page.
    #[schema(example = 20)]
    pub limit: u32,
    /// Items in all, as far as they were counted: 10,000 at most; of calls that several filters leave, those among the newest that were looked
    /// at. Absent on pages asked for by cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 42)]
    pub total: Option<u64>,
    /// True when counting stopped at `total`: there are as many or more. Absent where `total` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = false)]
    pub total_is_at_least: Option<bool>,
    /// Pages in all; absent on pages asked for by cursor, and where nobody counted to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    pub total_pages: Option<u64>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A page.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The items.
    pub data: Vec<T>,
    /// Where they stand.
    pub meta: PageMeta,
}
