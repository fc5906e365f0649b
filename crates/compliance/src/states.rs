//! States whose calling hours are stricter than the federal ones. Data, not advice: reviewed in November 2026; holidays, which some
//! of them except too, are not in it (docs/compliance.md).

use crate::{Week, Window};

/// One state's hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateRule {
    /// Two letters, as the post writes it.
    pub state: &'static str,
    /// When a consumer there may be called.
    pub week: Week,
    /// Where it is written.
    pub source: &'static str,
}

const fn daily(state: &'static str, from: u16, to: u16, source: &'static str) -> StateRule {
    StateRule { state, week: Week::daily(Window::hours(from, to)), source }
}

const fn not_on_sunday(state: &'static str, from: u16, to: u16, source: &'static str) -> StateRule {
    let window = Some(Window::hours(from, to));
    StateRule { state, week: Week::with(window, window, None), source }
}

const RULES: &[StateRule] = &[
    not_on_sunday("AL", 8, 20, "Ala. Code 8-19A"),
    daily("CT", 9, 20, "Conn. Gen. Stat. 42-288a"),
    daily("FL", 8, 20, "Fla. Stat. 501.616(6)"),
    daily("KY", 10, 21, "Ky. Rev. Stat. 367.46955"),
    not_on_sunday("LA", 8, 20, "La. Rev. Stat. 45:844"),
    daily("MA", 8, 20, "201 Code Mass. Regs. 12"),
    daily("MD", 8, 20, "Md. Code, Com. Law 14-45"),
    daily("MN", 9, 21, "Minn. Stat. 325E.30"),
    not_on_sunday("MS", 8, 20, "Miss. Code 77-3"),
    daily("NM", 9, 21, "N.M. Stat. 57-12-22"),
    daily("NV", 9, 20, "Nev. Rev. Stat. 598.0918"),
    daily("OK", 8, 20, "Okla. Stat. 15-775C"),
    StateRule {
        state: "RI",
        week: Week::with(Some(Window::hours(9, 18)), Some(Window::hours(10, 17)), None),
        source: "R.I. Gen. Laws 5-61",
    },
    not_on_sunday("SD", 9, 21, "S.D. Codified Laws 37-30A"),
    StateRule {
        state: "TX",
        week: Week::with(Some(Window::hours(9, 21)), Some(Window::hours(9, 21)), Some(Window::hours(12, 21))),
        source: "Tex. Bus. & Com. Code 301.051",
    },
    not_on_sunday("UT", 8, 21, "Utah Code 13-25a"),
    daily("WA", 8, 20, "Wash. Rev. Code 80.36.390"),
    daily("WY", 8, 20, "Wyo. Stat. 40-12-302"),
];

/// The stricter hours of a state, where it has any.
pub fn state_rule(state: &str) -> Option<&'static StateRule> {
    RULES.iter().find(|rule| rule.state == state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_stricter_and_sourced() {
        for rule in RULES {
            assert!(rule.week.faults().is_empty() && !rule.source.is_empty(), "{rule:?}");
            assert_ne!(rule.week, Week::FEDERAL, "{}", rule.state);
            let federal = Window::hours(8, 21);
            let days = [rule.week.mon, rule.week.sat, rule.week.sun];
            assert!(days.into_iter().flatten().all(|window| window.common(federal) == Some(window)), "{}", rule.state);
        }
        let mut states: Vec<_> = RULES.iter().map(|rule| rule.state).collect();
        states.dedup();
        assert!(states.is_sorted() && states.len() == RULES.len());
    }
}
