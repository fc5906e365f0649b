//! Hours of a week, at the place of whoever is called.

use std::{fmt, str::FromStr};

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const MINUTES_PER_DAY: u16 = 1_440;

/// A time of day, `HH:MM` in JSON, `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MinuteOfDay(u16);

impl MinuteOfDay {
    /// At this hour, 0 to 24.
    pub const fn hour(hour: u16) -> Self {
        Self(if hour > 24 { MINUTES_PER_DAY } else { hour * 60 })
    }

    /// At this minute of the day; `None` beyond 1,440.
    pub fn new(minute: u16) -> Option<Self> {
        (minute <= MINUTES_PER_DAY).then_some(Self(minute))
    }
}

impl FromStr for MinuteOfDay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let two = |part: &str| match part.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0')),
            _ => None,
        };
        text.split_once(':')
            .and_then(|(hours, minutes)| Some((two(hours)?, two(minutes).filter(|minutes| *minutes < 60)?)))
            .and_then(|(hours, minutes)| Self::new(hours * 60 + minutes))
            .ok_or("not a time of day such as 09:00")
    }
}

impl TryFrom<String> for MinuteOfDay {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MinuteOfDay> for String {
    fn from(time: MinuteOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// From the first minute until just before the last, on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First minute.
    pub from: MinuteOfDay,
    /// The minute it ends; after `from`.
    pub to: MinuteOfDay,
}

impl Window {
    /// Whole hours.
    pub const fn hours(from: u16, to: u16) -> Self {
        Self { from: MinuteOfDay::hour(from), to: MinuteOfDay::hour(to) }
    }

    /// The time both have in common, where they have any.
    pub fn common(self, other: Self) -> Option<Self> {
        let both = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from < both.to).then_some(both)
    }

    /// Is this minute in it?
    pub fn holds(self, minute: u16) -> bool {
        self.from.0 <= minute && minute < self.to.0
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// A week; a day without a window is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Week {
    /// Monday.
    pub mon: Option<Window>,
    /// Tuesday.
    pub tue: Option<Window>,
    /// Wednesday.
    pub wed: Option<Window>,
    /// Thursday.
    pub thu: Option<Window>,
    /// Friday.
    pub fri: Option<Window>,
    /// Saturday.
    pub sat: Option<Window>,
    /// Sunday.
    pub sun: Option<Window>,
}

impl Week {
    /// 47 CFR 64.1200(c)(1): no telephone solicitation before 8 a.m. or after 9 p.m. at the called party's location.
    pub const FEDERAL: Self = Self::daily(Window::hours(8, 21));

    /// The same every day.
    pub const fn daily(window: Window) -> Self {
        Self::with(Some(window), Some(window), Some(window))
    }

    /// Monday to Friday, Saturday, Sunday.
    pub const fn with(weekday: Option<Window>, saturday: Option<Window>, sunday: Option<Window>) -> Self {
        Self { mon: weekday, tue: weekday, wed: weekday, thu: weekday, fri: weekday, sat: saturday, sun: sunday }
    }

    /// A day's window.
    pub const fn on(&self, day: Weekday) -> Option<Window> {
        match day {
            Weekday::Monday => self.mon,
            Weekday::Tuesday => self.tue,
            Weekday::Wednesday => self.wed,
            Weekday::Thursday => self.thu,
            Weekday::Friday => self.fri,
            Weekday::Saturday => self.sat,
            Weekday::Sunday => self.sun,
        }
    }

    /// The days whose window ends before it begins.
    pub fn faults(&self) -> Vec<&'static str> {
        let days = [
            ("mon", self.mon),
            ("tue", self.tue),
            ("wed", self.wed),
            ("thu", self.thu),
            ("fri", self.fri),
            ("sat", self.sat),
            ("sun", self.sun),
        ];
        let is_faulty = |window: Option<Window>| window.is_some_and(|window| window.from >= window.to);
        days.into_iter().filter(|(_, window)| is_faulty(*window)).map(|(day, _)| day).collect()
    }
}
