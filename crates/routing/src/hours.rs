//! When a buyer takes calls.

use std::{fmt, str::FromStr};

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::window::LocalTime;

const MINUTES_PER_DAY: u16 = 1_440;

/// A time of day, `HH:MM` in JSON, `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MinuteOfDay(u16);

impl MinuteOfDay {
    /// `hour` 0-24, `minute` 0-59; `None` beyond 24:00.
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        let total = u16::from(hour) * 60 + u16::from(minute);
        (minute < 60 && total <= MINUTES_PER_DAY).then_some(Self(total))
    }
}

impl FromStr for MinuteOfDay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let two_digits = |part: &str| match part.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
            _ => None,
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Self::new(two_digits(hour)?, two_digits(minute)?))
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

/// Open from `from` until just before `to`. With `to` not after `from` it runs past midnight into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenSpan {
    /// First minute.
    pub from: MinuteOfDay,
    /// The minute it closes.
    pub to: MinuteOfDay,
}

impl OpenSpan {
    fn past_midnight(self) -> bool {
        self.to <= self.from
    }

    fn holds_same_day(self, minute: u16) -> bool {
        self.from.0 <= minute && (self.past_midnight() || minute < self.to.0)
    }

    fn holds_next_day(self, minute: u16) -> bool {
        self.past_midnight() && minute < self.to.0
    }
}

/// A week's opening hours and the dates without any. A day without spans is closed. The zone is the buyer's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Hours {
    /// Spans that begin on a Monday.
    pub mon: Vec<OpenSpan>,
    /// On a Tuesday.
    pub tue: Vec<OpenSpan>,
    /// On a Wednesday.
    pub wed: Vec<OpenSpan>,
    /// On a Thursday.
    pub thu: Vec<OpenSpan>,
    /// On a Friday.
    pub fri: Vec<OpenSpan>,
    /// On a Saturday.
    pub sat: Vec<OpenSpan>,
    /// On a Sunday.
    pub sun: Vec<OpenSpan>,
    /// Dates (`2026-12-25`) on which no span begins. One that began the day before still runs to its end.
    pub closed: Vec<Date>,
}

impl Hours {
    /// Most spans in a week and most closed dates.
    pub const ENTRIES_MAX: usize = 400;

    /// How many spans and closed dates it holds.
    pub fn entries(&self) -> usize {
        let days = [&self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun];
        days.iter().map(|day| day.len()).sum::<usize>() + self.closed.len()
    }

    fn spans(&self, date: Date) -> &[OpenSpan] {
        if self.closed.contains(&date) {
            return &[];
        }
        match date.weekday() {
            Weekday::Monday => &self.mon,
            Weekday::Tuesday => &self.tue,
            Weekday::Wednesday => &self.wed,
            Weekday::Thursday => &self.thu,
            Weekday::Friday => &self.fri,
            Weekday::Saturday => &self.sat,
            Weekday::Sunday => &self.sun,
        }
    }

    pub(crate) fn open_at(&self, local: &LocalTime) -> bool {
        let from_today = self.spans(local.date).iter().any(|span| span.holds_same_day(local.minute));
        from_today
            || local
                .date
                .yesterday()
                .is_ok_and(|date| self.spans(date).iter().any(|span| span.holds_next_day(local.minute)))
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    const OFFICE: &str = r#"{"mon":[{"from":"09:00","to":"12:00"},{"from":"13:00","to":"17:30"}],
        "fri":[{"from":"22:00","to":"06:00"}],"sun":[{"from":"00:00","to":"24:00"}],"closed":["2026-11-30"]}"#;

    #[test]
    fn opens_by_the_buyers_clock() {
        let hours: Hours = serde_json::from_str(OFFICE).unwrap();
        let zone = TimeZone::get("America/New_York").unwrap();
        for (moment, open) in [
            ("2026-11-23T08:59:59-05:00", false),
            ("2026-11-23T09:00:00-05:00", true),
            ("2026-11-23T11:59:59-05:00", true),
            ("2026-11-23T12:00:00-05:00", false),
            ("2026-11-23T17:29:00-05:00", true),
            ("2026-11-24T10:00:00-05:00", false),
            ("2026-11-27T21:59:00-05:00", false),
            ("2026-11-27T23:00:00-05:00", true),
            ("2026-11-28T05:59:59-05:00", true),
            ("2026-11-28T06:00:00-05:00", false),
            ("2026-11-29T00:00:00-05:00", true),
            ("2026-11-29T23:59:59-05:00", true),
            // The closed Monday.
            ("2026-11-30T10:00:00-05:00", false),
        ] {
            let local = LocalTime::at(Timestamp::parse_rfc3339(moment).unwrap(), &zone);
            assert_eq!(hours.open_at(&local), open, "{moment}");
        }
    }

    #[test]
    fn reads_times_of_day_strictly() {
        for (text, valid) in [
            ("00:00", true),
            ("24:00", true),
            ("24:01", false),
            ("9:00", false),
            ("09:60", false),
            ("0900", false),
            ("", false),
            ("+9:00", false),
        ] {
            assert_eq!(text.parse::<MinuteOfDay>().is_ok(), valid, "{text}");
        }
        assert!(
            serde_json::from_str::<Hours>(r#"{"monday":[]}"#).is_err(),
            "an unknown day is a fault, not an open one"
        );
    }
}
