//! Lists: `{"data": [...], "meta": {...}}`, by page number or by cursor.

use garde::Validate;
use operations::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, PageRequest, TOTAL_MAX};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Page number, 1 the first. Not together with `cursor`.
    #[garde(range(min = 1, max = 100_000))]
    #[param(minimum = 1, maximum = 100_000, default = 1)]
    pub page: Option<u32>,
    /// Items of a page.
    #[garde(range(min = 1, max = PAGE_LIMIT_MAX))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u32>,
    /// `meta.nextCursor` of the page before: goes on behind its last item, however the list has grown since. Cheaper
    /// than a high page number, and without a total.
    #[garde(length(chars, max = 512))]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// For the store.
    pub fn request(&self) -> PageRequest {
        let limit = self.limit.unwrap_or(PAGE_LIMIT_DEFAULT);
        match &self.cursor {
            Some(cursor) => PageRequest::after(cursor.clone(), limit),
            None => PageRequest::number(self.page.unwrap_or(1), limit),
        }
    }

    /// The envelope.
    pub fn envelope<T, U>(&self, page: Page<T>, view: impl FnMut(T) -> U) -> List<U> {
        let Page { items, total, next } = page;
        self.list(items.into_iter().map(view).collect(), total, next)
    }

    /// The envelope around views made already.
    pub fn list<U>(&self, data: Vec<U>, total: Option<u64>, next_cursor: Option<String>) -> List<U> {
        let limit = self.limit.unwrap_or(PAGE_LIMIT_DEFAULT);
        let meta = PageMeta {
            page: self.cursor.is_none().then(|| self.page.unwrap_or(1)),
            limit,
            total,
            total_is_at_least: total.map(|total| total >= TOTAL_MAX),
            total_pages: total.filter(|total| *total < TOTAL_MAX).map(|total| total.div_ceil(u64::from(limit.max(1)))),
            next_cursor,
        };
        List { data, meta }
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
    /// Items in all, counted up to 10,000; absent on pages asked for by cursor.
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
