//! The fields of each kind of node.

use domain::Strategy;
use serde_json::Value;

use super::fields::{Fields, kind_of};
use crate::document::{
    Buyer, BuyerEntry, BuyerSource, Choice, EntryStep, Fallback, HangUpReason, Hangup, If, Ivr, Queue, Record,
    RecordChannels, RecordFormat, Step, Tag, Timeout, Whisper,
};
use crate::limits::DIGITS_MAX;

const KINDS: [&str; 11] =
    ["entry", "ivr", "if", "queue", "buyer", "record", "tag", "whisper", "timeout", "fallback", "hangup"];

const STRATEGIES: [(&str, Strategy); 6] = [
    ("round-robin", Strategy::RoundRobin),
    ("weighted", Strategy::Weighted),
    ("priority", Strategy::Priority),
    ("least-calls", Strategy::LeastCalls),
    ("performance", Strategy::Performance),
    ("hybrid", Strategy::Hybrid),
];

const REASONS: [(&str, HangUpReason); 5] = [
    ("normal", HangUpReason::Normal),
    ("busy", HangUpReason::Busy),
    ("rejected", HangUpReason::Rejected),
    ("timeout", HangUpReason::Timeout),
    ("error", HangUpReason::Error),
];

pub(super) fn step(kind: &str, fields: &mut Fields<'_, '_>) -> Option<Step> {
    Some(match kind {
        "entry" => Step::Entry(EntryStep { target: fields.id("target") }),
        "ivr" => Step::Ivr(ivr(fields)),
        "if" => Step::If(If {
            condition: fields.text("condition"),
            then: fields.id("then"),
            r#else: fields.id_optional("else"),
        }),
        "queue" => Step::Queue(Queue {
            queue_id: fields.id("queueId"),
            wait_url: fields.text_optional("waitUrl"),
            timeout: fields.seconds_optional("timeout"),
            max_size: fields.count_optional("maxSize", 1, 1_000_000),
            on_timeout: fields.id_optional("onTimeout"),
            on_full: fields.id_optional("onFull"),
            on_connect: fields.id_optional("onConnect"),
        }),
        "buyer" => Step::Buyer(buyer(fields)),
        "record" => Step::Record(Record {
            format: fields.word_optional("format", &[("wav", RecordFormat::Wav), ("mp3", RecordFormat::Mp3)]),
            channels: fields
                .word_optional("channels", &[("single", RecordChannels::Single), ("dual", RecordChannels::Dual)]),
            beep: fields.flag_optional("beep"),
            max_duration: fields.seconds_optional("maxDuration"),
            on_complete: fields.id_optional("onComplete"),
            on_error: fields.id_optional("onError"),
        }),
        "tag" => Step::Tag(tag(fields)),
        "whisper" => Step::Whisper(Whisper {
            caller_prompt: fields.text_optional("callerPrompt"),
            callee_prompt: fields.text_optional("calleePrompt"),
            timeout: fields.seconds_optional("timeout"),
            accept_digit: fields.id_optional("acceptDigit"),
            on_accept: fields.id_optional("onAccept"),
            on_reject: fields.id_optional("onReject"),
        }),
        "timeout" => Step::Timeout(Timeout { duration: fields.seconds("duration") }),
        "fallback" => Step::Fallback(Fallback {
            targets: fields.ids("targets"),
            on_all_failed: fields.id_optional("onAllFailed"),
        }),
        "hangup" => Step::Hangup(Hangup {
            reason: fields.word_optional("reason", &REASONS),
            prompt: fields.text_optional("prompt"),
        }),
        "" => return None,
        other => {
            let shown: String = other.chars().take(80).collect();
            fields.fault("type", "value", format!("\"{shown}\" is no kind of node; use one of {}.", KINDS.join(", ")));
            return None;
        }
    })
}

fn ivr(fields: &mut Fields<'_, '_>) -> Ivr {
    let items = fields.list("choices", fields.limits.entries_max);
    let mut choices = Vec::with_capacity(items.len());
    for (place, map) in fields.objects("choices", items) {
        let mut inside = fields.inside(&place, map);
        choices.push(Choice { digits: inside.id("digits"), target: inside.id("target") });
        inside.finish();
    }
    Ivr {
        prompt: fields.text("prompt"),
        timeout: fields.seconds_optional("timeout"),
        max_digits: fields.count_optional("maxDigits", 1, DIGITS_MAX),
        finish_on_key: fields.id_optional("finishOnKey"),
        choices,
        default: fields.id_optional("default"),
        retries: fields.count_optional("retries", 0, 20),
    }
}

fn buyer(fields: &mut Fields<'_, '_>) -> Buyer {
    let items = fields.list_optional("buyers", fields.limits.entries_max);
    let buyers = items.map(|items| {
        let mut buyers = Vec::with_capacity(items.len());
        for (place, map) in fields.objects("buyers", items) {
            let mut inside = fields.inside(&place, map);
            buyers.push(BuyerEntry {
                id: inside.id("id"),
                destination: inside.id_optional("destination"),
                weight: inside.count_optional("weight", 1, 1_000_000),
                max_concurrency: inside.count_optional("maxConcurrency", 1, 1_000_000),
                max_daily_calls: inside.count_optional("maxDailyCalls", 1, 100_000_000),
                enabled: inside.flag_optional("enabled"),
            });
            inside.finish();
        }
        buyers
    });
    Buyer {
        source: fields.word_optional("source", &[("list", BuyerSource::List), ("campaign", BuyerSource::Campaign)]),
        buyers,
        strategy: fields.word_optional("strategy", &STRATEGIES),
        ring_timeout: fields.seconds_optional("ringTimeout"),
        on_no_buyers: fields.id_optional("onNoBuyers"),
        on_all_busy: fields.id_optional("onAllBusy"),
    }
}

fn tag(fields: &mut Fields<'_, '_>) -> Tag {
    let mut tags = std::collections::BTreeMap::new();
    let Some(map) = fields.object("tags") else { return Tag { tags } };
    let (id_chars_max, text_chars_max) = (fields.limits.id_chars_max, fields.limits.text_chars_max);
    if map.len() > fields.limits.entries_max {
        fields.fault("tags", "too-many", format!("has {} tags; at most {}.", map.len(), fields.limits.entries_max));
        return Tag { tags };
    }
    for (name, value) in map {
        let shown: String = name.chars().take(80).collect();
        let place = format!("tags.{shown}");
        match value {
            _ if name.trim().is_empty() || name.chars().count() > id_chars_max => {
                fields.fault(&place, "value", format!("a tag's name has 1 to {id_chars_max} characters."));
            }
            Value::String(text) if text.chars().count() > text_chars_max => {
                fields.fault(&place, "too-long", format!("is too long; at most {text_chars_max} characters."));
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                tags.insert(name.clone(), value.clone());
            }
            other => {
                fields.fault(&place, "type", format!("must be text, a number, true or false, not {}.", kind_of(other)));
            }
        }
    }
    Tag { tags }
}
