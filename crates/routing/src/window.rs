//! The spans caps are counted over, in the buyer's time zone, and the local time its opening hours are read against.

use domain::Timestamp;
use jiff::{
    SignedDuration, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// What a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapKind {
    /// Calls at once.
    Concurrency,
    /// Calls in one clock hour.
    Hour,
    /// Calls in one calendar day.
    Day,
    /// Calls in one calendar month.
    Month,
    /// Calls altogether.
    Total,
}

/// How many kinds are counted over a span of time.
pub const WINDOWS: usize = 4;

/// The span one count belongs to. `start <= moment < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapWindow {
    /// Which count.
    pub kind: CapKind,
    /// First moment.
    pub start: Timestamp,
    /// First moment of the next one.
    pub end: Timestamp,
}

/// The hour, day, month and total windows that hold `now`, in this order, in `zone`.
///
/// An hour is a clock hour: where daylight saving repeats one, each passing counts for itself, and a change of the clock always
/// begins a new window, so windows of a kind never overlap. The total window is the whole range of time.
pub fn windows(now: Timestamp, zone: &TimeZone) -> [CapWindow; WINDOWS] {
    LocalTime::at(now, zone).windows
}

/// `now` as a clock on the buyer's wall shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalTime {
    pub windows: [CapWindow; WINDOWS],
    pub date: Date,
    /// Since midnight by the clock on the wall, 0-1439.
    pub minute: u16,
}

impl LocalTime {
    pub fn at(now: Timestamp, zone: &TimeZone) -> Self {
        let (first, last) = (jiff::Timestamp::MIN.as_microsecond(), jiff::Timestamp::MAX.as_microsecond());
        let moment =
            jiff::Timestamp::from_microsecond(now.micros().clamp(first, last)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let local = zone.to_datetime(moment);
        let (hour_start, hour_end) = hour(moment, local, zone);
        let date = local.date();
        let midnight = |date: Date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok().map(timestamp);
        let month = date.first_of_month();
        let day_start = midnight(date).unwrap_or(hour_start);
        let day_end = date.tomorrow().ok().and_then(midnight).unwrap_or(LAST);
        let month_start = midnight(month).unwrap_or(day_start);
        let month_end = month.checked_add(1.month()).ok().and_then(midnight).unwrap_or(LAST);
        Self {
            windows: [
                CapWindow { kind: CapKind::Hour, start: hour_start, end: hour_end },
                CapWindow { kind: CapKind::Day, start: day_start, end: day_end },
                CapWindow { kind: CapKind::Month, start: month_start, end: month_end },
                CapWindow { kind: CapKind::Total, start: FIRST, end: LAST },
            ],
            date,
            minute: u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs()),
        }
    }
}

const FIRST: Timestamp = Timestamp::from_micros(0);
const LAST: Timestamp = Timestamp::from_micros(i64::MAX);

fn timestamp(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_microsecond())
}

/// The clock hour of `local`, cut where the zone's offset changes: a change need not fall on a full hour (Lord Howe moves by 30
/// minutes), and no two windows may overlap.
fn hour(now: jiff::Timestamp, local: DateTime, zone: &TimeZone) -> (Timestamp, Timestamp) {
    let past = SignedDuration::from_secs(i64::from(local.minute()) * 60 + i64::from(local.second()))
        + SignedDuration::from_nanos(i64::from(local.subsec_nanosecond()));
    let full = now.checked_sub(past).unwrap_or(now);
    let next_full = full.checked_add(SignedDuration::from_hours(1)).unwrap_or(jiff::Timestamp::MAX);
    // `preceding` excludes its argument, and a change at this very moment has happened.
    let just_after = now.checked_add(SignedDuration::from_nanos(1)).unwrap_or(now);
    let changed = zone.preceding(just_after).next().map_or(full, |change| change.timestamp());
    let changes = zone.following(now).next().map_or(next_full, |change| change.timestamp());
    (timestamp(full.max(changed)), timestamp(next_full.min(changes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn spans_are_those_of_the_buyers_wall() {
        for (now, zone, kind, start, end) in [
            ("2026-11-23T16:45:10Z", "UTC", CapKind::Hour, "2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z"),
            ("2026-11-23T16:45:10Z", "Asia/Kolkata", CapKind::Hour, "2026-11-23T16:30:00Z", "2026-11-23T17:30:00Z"),
            ("2026-11-24T03:00:00Z", "America/New_York", CapKind::Day, "2026-11-23T05:00:00Z", "2026-11-24T05:00:00Z"),
            (
                "2026-12-01T04:59:59Z",
                "America/New_York",
                CapKind::Month,
                "2026-11-01T04:00:00Z",
                "2026-12-01T05:00:00Z",
            ),
            // Clocks go back: a day of 25 hours, and the hour from one to two comes twice.
            ("2026-11-01T12:00:00Z", "America/New_York", CapKind::Day, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
            ("2026-11-01T05:30:00Z", "America/New_York", CapKind::Hour, "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"),
            ("2026-11-01T06:30:00Z", "America/New_York", CapKind::Hour, "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"),
            // They go forward: a day of 23 hours.
            ("2026-03-08T12:00:00Z", "America/New_York", CapKind::Day, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
            // Back by half an hour at two: the second half past one begins a window of its own.
            (
                "2026-04-04T15:10:00Z",
                "Australia/Lord_Howe",
                CapKind::Hour,
                "2026-04-04T15:00:00Z",
                "2026-04-04T15:30:00Z",
            ),
            (
                "2026-04-04T14:59:00Z",
                "Australia/Lord_Howe",
                CapKind::Hour,
                "2026-04-04T14:00:00Z",
                "2026-04-04T15:00:00Z",
            ),
            // Samoa had no 30 December 2011.
            ("2011-12-30T09:59:00Z", "Pacific/Apia", CapKind::Day, "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"),
        ] {
            let zone_found = TimeZone::get(zone).unwrap();
            let window = windows(at(now), &zone_found).into_iter().find(|window| window.kind == kind).unwrap();
            assert_eq!((window.start, window.end), (at(start), at(end)), "{kind:?} of {now} in {zone}");
        }
    }

    #[test]
    fn windows_meet_without_gap_or_overlap() {
        for zone in
            ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"]
        {
            let zone_found = TimeZone::get(zone).unwrap();
            for (position, first) in [
                (0, "2026-03-28T00:00:00Z"),
                (0, "2026-04-03T22:00:00Z"),
                (1, "2026-01-01T00:00:00Z"),
                (2, "2011-01-01T00:00:00Z"),
            ] {
                let mut window = windows(at(first), &zone_found)[position];
                for _ in 0..60 {
                    let last_moment = Timestamp::from_micros(window.end.micros() - 1);
                    assert_eq!(windows(window.start, &zone_found)[position], window, "{zone}");
                    assert_eq!(windows(last_moment, &zone_found)[position], window, "{zone}");
                    let next = windows(window.end, &zone_found)[position];
                    assert_eq!(next.start, window.end, "{zone}");
                    window = next;
                }
            }
        }
    }

    #[test]
    fn the_ends_of_time_do_no_harm() {
        let zone = TimeZone::get("America/New_York").unwrap();
        for micros in [i64::MIN, 0, i64::MAX] {
            for window in windows(Timestamp::from_micros(micros), &zone) {
                assert!(window.start <= window.end);
            }
        }
    }
}
