//! Hours, days, weeks and months of a time zone, with their changes of the clock.

use domain::Timestamp;
use jiff::{ToSpan as _, ZonedDateTime, tz::TimeZone};
use operations::ReportFigures;

/// A stretch of local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Hour,
    Day,
    /// From Monday.
    Week,
    Month,
}

fn local(at: Timestamp, zone: &TimeZone) -> Result<ZonedDateTime, jiff::Error> {
    Ok(jiff::Timestamp::from_microsecond(at.micros())?.to_zoned_datetime(zone.clone()))
}

fn moment(at: &ZonedDateTime) -> Timestamp {
    Timestamp::from_micros(at.timestamp().as_microsecond())
}

impl Span {
    /// The begin of the stretch `at` lies in.
    fn begin(self, at: &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error> {
        match self {
            // Not by the clock's face: an hour that comes twice is two.
            Self::Hour => {
                let past = i64::from(at.minute()) * 60 + i64::from(at.second());
                let begin = at.timestamp().as_second() - past;
                Ok(jiff::Timestamp::from_second(begin)?.to_zoned_datetime(at.time_zone().clone()))
            }
            Self::Day => at.start_of_day(),
            Self::Week => {
                let days = i64::from(at.weekday().to_monday_zero_offset());
                at.checked_sub(days.days())?.start_of_day()
            }
            Self::Month => at.first_of_month()?.start_of_day(),
        }
    }

    fn next(self, begin: &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error> {
        match self {
            Self::Hour => begin.checked_add(1.hour()),
            Self::Day => begin.checked_add(1.day())?.start_of_day(),
            Self::Week => begin.checked_add(1.week())?.start_of_day(),
            Self::Month => begin.checked_add(1.month())?.start_of_day(),
        }
    }

    /// As a report names it.
    pub fn name(self, begin: Timestamp, zone: &TimeZone) -> Result<String, jiff::Error> {
        let begin = local(begin, zone)?;
        Ok(match self {
            Self::Hour => begin.strftime("%Y-%m-%dT%H:00").to_string(),
            Self::Day | Self::Week => begin.strftime("%Y-%m-%d").to_string(),
            Self::Month => begin.strftime("%Y-%m").to_string(),
        })
    }
}

/// Every stretch of `from..to`, with what the slots that begin in it add up to.
pub fn fold(
    slots: &[(Timestamp, ReportFigures)],
    from: Timestamp,
    to: Timestamp,
    zone: &TimeZone,
    span: Span,
) -> Result<Vec<(Timestamp, ReportFigures)>, jiff::Error> {
    let mut begin = span.begin(&local(from, zone)?)?;
    let mut slots = slots.iter().peekable();
    let mut points = Vec::new();
    while moment(&begin) < to {
        let next = span.next(&begin)?;
        let mut figures = ReportFigures::default();
        while let Some((_, slot)) = slots.next_if(|(start, _)| *start < moment(&next)) {
            figures += *slot;
        }
        points.push((moment(&begin), figures));
        begin = next;
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    fn one(text: &str) -> (Timestamp, ReportFigures) {
        (at(text), ReportFigures { calls: 1, ..ReportFigures::default() })
    }

    fn counted(from: &str, to: &str, zone: &str, span: Span, slots: &[&str]) -> Vec<(String, u64)> {
        let zone = TimeZone::get(zone).unwrap();
        let slots: Vec<_> = slots.iter().map(|text| one(text)).collect();
        let points = fold(&slots, at(from), at(to), &zone, span).unwrap();
        points.iter().map(|(start, figures)| (span.name(*start, &zone).unwrap(), figures.calls)).collect()
    }

    fn named(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
        expected.iter().map(|(name, calls)| ((*name).to_owned(), *calls)).collect()
    }

    #[test]
    fn days_are_of_the_zone_and_none_is_left_out() {
        // New York is five hours behind: 04:45Z on the 24th is the 23rd there.
        let slots = ["2026-11-23T05:00:00Z", "2026-11-24T04:45:00Z", "2026-11-26T05:00:00Z"];
        let days = counted("2026-11-23T05:00:00Z", "2026-11-27T05:00:00Z", "America/New_York", Span::Day, &slots);
        assert_eq!(days, named(&[("2026-11-23", 2), ("2026-11-24", 0), ("2026-11-25", 0), ("2026-11-26", 1)]));
    }

    #[test]
    fn a_day_of_25_hours_is_one_day_and_25_hours() {
        let (from, to) = ("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
        assert_eq!(counted(from, to, "America/New_York", Span::Day, &[]).len(), 1);
        let twice = ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"];
        let hours = counted(from, to, "America/New_York", Span::Hour, &twice);
        assert_eq!(hours.len(), 25);
        let one: Vec<u64> =
            hours.iter().filter(|(name, _)| name.ends_with("T01:00")).map(|(_, calls)| *calls).collect();
        assert_eq!(one, [1, 1], "one in the morning comes twice, with a call each");
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let slots = ["2026-11-29T23:45:00Z", "2026-11-30T00:00:00Z", "2026-12-31T23:45:00Z"];
        let weeks = counted("2026-11-25T00:00:00Z", "2026-12-02T00:00:00Z", "UTC", Span::Week, &slots[..2]);
        assert_eq!(weeks, named(&[("2026-11-23", 1), ("2026-11-30", 1)]));
        let months = counted("2026-11-25T00:00:00Z", "2027-01-02T00:00:00Z", "UTC", Span::Month, &slots);
        assert_eq!(months, named(&[("2026-11", 2), ("2026-12", 1), ("2027-01", 0)]));
    }

    #[test]
    fn zones_off_the_hour_have_hours_of_their_own() {
        // Kathmandu is 5:45 ahead: its hours begin at a quarter past.
        let slots = ["2026-11-23T00:00:00Z", "2026-11-23T00:15:00Z"];
        let hours = counted("2026-11-23T00:00:00Z", "2026-11-23T01:00:00Z", "Asia/Kathmandu", Span::Hour, &slots);
        assert_eq!(hours, named(&[("2026-11-23T05:00", 1), ("2026-11-23T06:00", 1)]));
    }
}
