//! Lists are read a page at a time: by page number, as the inventory's contract has it, or by cursor.

/// Most items of one page.
pub const PAGE_LIMIT_MAX: u32 = 100;
/// Items of a page unless asked otherwise.
pub const PAGE_LIMIT_DEFAULT: u32 = 20;
/// Items a list counts, at most: counting millions takes longer than reading a page of them.
pub const TOTAL_MAX: u64 = 10_000;

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Items wanted, 1 to [`PAGE_LIMIT_MAX`].
    pub limit: u32,
    /// Where to go on.
    pub from: PageStart,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// The page of this number, 1 the first. The answer carries the total.
    Number(u32),
    /// Behind the last item of the page that answered this cursor. The answer carries no total: counting is what makes
    /// deep pages slow.
    Cursor(String),
}

impl PageRequest {
    /// Page `number` (from 1) of `limit` items, both brought into range.
    pub fn number(number: u32, limit: u32) -> Self {
        Self { limit: limit.clamp(1, PAGE_LIMIT_MAX), from: PageStart::Number(number.max(1)) }
    }

    /// The page behind `cursor`.
    pub fn after(cursor: String, limit: u32) -> Self {
        Self { limit: limit.clamp(1, PAGE_LIMIT_MAX), from: PageStart::Cursor(cursor) }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::number(1, PAGE_LIMIT_DEFAULT)
    }
}

/// Part of a list, newest first unless the list says otherwise.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many there are in all, counted up to [`TOTAL_MAX`]; only for pages asked by number.
    pub total: Option<u64>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), total: self.total, next: self.next }
    }
}
