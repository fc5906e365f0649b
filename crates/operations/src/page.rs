//! Lists are read a page at a time: by page number, as the inventory's contract has it, or by cursor.

/// Most items of one page.
pub const PAGE_LIMIT_MAX: u32 = 100;
/// Items of a page unless asked otherwise.
pub const PAGE_LIMIT_DEFAULT: u32 = 20;
/// Items a list counts, at most: counting millions takes longer than reading a page of them.
pub const TOTAL_MAX: u64 = 10_000;

/// What lists are made of.
pub trait Listed {
    /// The members it may be ordered by, as the API names them. The first is the one it is ordered by unless asked otherwise, with
    /// `-` before it where it falls. What has no value comes before everything that has one.
    const ORDERS: &'static [&'static str];
}

/// How a list is ordered; its ids settle ties, the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// One of [`Listed::ORDERS`], without a sign.
    pub field: &'static str,
    /// The greatest first.
    pub falls: bool,
}

impl Order {
    /// The one a list has unless asked otherwise.
    pub fn usual<L: Listed>() -> Self {
        let first = <L as Listed>::ORDERS.first().copied().unwrap_or("-createdAt");
        Self { field: first.trim_start_matches('-'), falls: first.starts_with('-') }
    }

    /// `name`, or `-name` from the greatest down; `None` for what such a list is not ordered by.
    pub fn parse<L: Listed>(text: &str) -> Option<Self> {
        let (name, falls) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let field = Self::fields::<L>().find(|field| *field == name)?;
        Some(Self { field, falls })
    }

    /// What such a list may be ordered by.
    pub fn fields<L: Listed>() -> impl Iterator<Item = &'static str> {
        <L as Listed>::ORDERS.iter().map(|field| field.trim_start_matches('-'))
    }
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Items wanted, 1 to [`PAGE_LIMIT_MAX`].
    pub limit: u32,
    /// Where to go on.
    pub from: PageStart,
    /// In which order; `None` for the list's usual one. A cursor goes on in the order it came from.
    pub order: Option<Order>,
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
        Self { limit: limit.clamp(1, PAGE_LIMIT_MAX), from: PageStart::Number(number.max(1)), order: None }
    }

    /// The page behind `cursor`.
    pub fn after(cursor: String, limit: u32) -> Self {
        Self { limit: limit.clamp(1, PAGE_LIMIT_MAX), from: PageStart::Cursor(cursor), order: None }
    }

    /// The same in another order.
    pub fn ordered(self, order: Option<Order>) -> Self {
        Self { order, ..self }
    }

    /// The order of a list of these.
    pub fn order_of<L: Listed>(&self) -> Order {
        self.order.unwrap_or_else(Order::usual::<L>)
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
    /// How many there are in all; only for pages asked by number.
    pub total: Option<Total>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

/// How many items a list has, as far as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The items counted: to [`TOTAL_MAX`], unless the count is kept somewhere.
    pub count: u64,
    /// True where counting stopped before the end: there are as many or more.
    pub is_at_least: bool,
}

impl Total {
    /// Counted until the end or [`TOTAL_MAX`].
    pub fn counted(count: u64) -> Self {
        Self { count: count.min(TOTAL_MAX), is_at_least: count >= TOTAL_MAX }
    }

    /// All of them, however many: somebody keeps the count.
    pub fn known(count: u64) -> Self {
        Self { count, is_at_least: false }
    }

    /// Of what a database counted.
    pub fn of(counted: i64) -> Self {
        Self::counted(counted.max(0).unsigned_abs())
    }

    /// As many or more: what was not looked at was not counted.
    pub fn at_least(count: u64) -> Self {
        Self { count: count.min(TOTAL_MAX), is_at_least: true }
    }
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), total: self.total, next: self.next }
    }
}
