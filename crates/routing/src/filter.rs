//! Which calls a buyer takes at all.

use domain::Attestation;
use serde::{Deserialize, Serialize};

/// A call's tag must, or must not, have one of these values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TagRule {
    /// The tag's name.
    pub tag: String,
    /// Values, compared exactly. Empty: any value, as long as the call has the tag.
    #[serde(default)]
    pub any_of: Vec<String>,
    /// True: calls that match are refused instead.
    #[serde(default)]
    pub refuse: bool,
}

/// Everything must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filters {
    /// By the call's tags.
    pub tags: Vec<TagRule>,
    /// North American area codes taken; empty: all, and callers from elsewhere.
    pub area_codes: Vec<String>,
    /// North American area codes not taken.
    pub area_codes_refused: Vec<String>,
    /// The caller's number must be vouched for at least so far (A before B before C).
    pub attestation_min: Option<Attestation>,
}

impl Filters {
    /// Most rules of each sort.
    pub const RULES_MAX: usize = 1_000;

    /// The first rule this call breaks, in words; `None` when it may pass.
    pub(crate) fn refusal(&self, caller: &str, attestation: Attestation, tags: &[(String, String)]) -> Option<String> {
        if let Some(minimum) = self.attestation_min
            && trust(attestation) < trust(minimum)
        {
            return Some(format!("attestation {attestation:?}, wants {minimum:?} or better"));
        }
        if !self.area_codes.is_empty() || !self.area_codes_refused.is_empty() {
            let area = area_code(caller);
            let listed = |codes: &[String]| area.is_some_and(|area| codes.iter().any(|code| code == area));
            if listed(&self.area_codes_refused) || (!self.area_codes.is_empty() && !listed(&self.area_codes)) {
                return Some(format!("area code {} not taken", area.unwrap_or("unknown")));
            }
        }
        self.tags.iter().find_map(|rule| {
            let value = tags.iter().rev().find(|(name, _)| *name == rule.tag).map(|(_, value)| value);
            let matches =
                value.is_some_and(|value| rule.any_of.is_empty() || rule.any_of.iter().any(|wanted| wanted == value));
            (matches == rule.refuse).then(|| match value {
                Some(value) => format!("tag {} is {value}", rule.tag),
                None => format!("tag {} is missing", rule.tag),
            })
        })
    }
}

fn trust(attestation: Attestation) -> u8 {
    match attestation {
        Attestation::A => 3,
        Attestation::B => 2,
        Attestation::C => 1,
        Attestation::None => 0,
    }
}

/// The area code of a North American number in E.164 form.
fn area_code(caller: &str) -> Option<&str> {
    let national = caller.strip_prefix("+1")?;
    (national.len() == 10 && national.bytes().all(|byte| byte.is_ascii_digit())).then(|| national.get(..3)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_hold_together() {
        let filters: Filters = serde_json::from_str(
            r#"{"tags":[{"tag":"state","anyOf":["NY","NJ"]},{"tag":"vip","refuse":true}],
                "areaCodes":["212"],"attestationMin":"B"}"#,
        )
        .unwrap();
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let new_york = [tag("state", "NY")];
        for (caller, attestation, tags, refused) in [
            ("+12125550100", Attestation::A, &new_york[..], None),
            ("+12125550100", Attestation::B, &new_york[..], None),
            ("+12125550100", Attestation::C, &new_york[..], Some("attestation C, wants B or better")),
            ("+13105550100", Attestation::A, &new_york[..], Some("area code 310 not taken")),
            ("+442071838750", Attestation::A, &new_york[..], Some("area code unknown not taken")),
            ("+12125550100", Attestation::A, &[][..], Some("tag state is missing")),
            ("+12125550100", Attestation::A, &[tag("state", "CA")][..], Some("tag state is CA")),
            ("+12125550100", Attestation::A, &[tag("state", "NY"), tag("vip", "no")][..], Some("tag vip is no")),
        ] {
            assert_eq!(
                filters.refusal(caller, attestation, tags).as_deref(),
                refused,
                "{caller} {attestation:?} {tags:?}"
            );
        }
    }

    #[test]
    fn the_later_tag_wins() {
        let filters = Filters {
            tags: vec![TagRule { tag: "a".into(), any_of: vec!["2".into()], refuse: false }],
            ..Filters::default()
        };
        let tags = [("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        assert_eq!(filters.refusal("", Attestation::None, &tags), None);
    }
}
