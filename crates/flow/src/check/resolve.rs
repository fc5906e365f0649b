//! One node after another: its references, numbers, digits, prompts and expression.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::Strategy;

use crate::document::{Buyer, BuyerEntry, BuyerSource, Fallback, Ivr, Node, Queue, Record, Seconds, Step, Whisper};
use crate::expression::Expression;
use crate::instruction::WhisperTerms;
use crate::limits::DIGITS_MAX;
use crate::program::{Action, At, BuyerOffer, Candidates, Compiled, Menu, OfferedBuyer, Recording, Waiting};
use crate::{Fault, Limits, prompt};

const DIGIT_TIMEOUT_MS: u64 = 10_000;
const WHISPER_TIMEOUT_MS: u64 = 10_000;
const MESSAGE_MS_MAX: u64 = 120_000;
const ACCEPT_DIGIT: char = '1';

/// Resolves nodes and collects faults. Where something is wrong it goes on with a stand-in, since the program is thrown away.
pub(super) struct Resolver<'a> {
    pub(super) places: &'a HashMap<&'a str, At>,
    pub(super) limits: &'a Limits,
    pub(super) node: Option<&'a str>,
    pub(super) faults: &'a mut Vec<Fault>,
}

impl<'a> Resolver<'a> {
    fn fault(&mut self, field: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.faults.push(Fault::new(self.node, field, code, message));
    }

    pub(super) fn required(&mut self, field: impl Into<String>, id: &str) -> At {
        self.places.get(id).copied().unwrap_or_else(|| {
            let message = format!("leads to \"{id}\", and there is no such node; add it or lead elsewhere.");
            self.fault(field, "unknown-node", message);
            At(0)
        })
    }

    fn optional(&mut self, field: &str, id: Option<&String>) -> Option<At> {
        id.map(|id| self.required(field, id))
    }

    fn prompt(&mut self, field: &str, text: &str) -> Arc<str> {
        prompt::normalise(text).unwrap_or_else(|problem| {
            self.fault(field, "prompt", format!("{problem}."));
            "".into()
        })
    }

    fn prompt_optional(&mut self, field: &str, text: Option<&String>) -> Option<Arc<str>> {
        text.map(|text| self.prompt(field, text))
    }

    /// Documents made in code have not been through the reader's bounds.
    fn wait(&mut self, field: &str, seconds: Option<Seconds>) -> Option<u64> {
        let millis = seconds?.millis();
        if millis == 0 {
            self.fault(field, "range", "must be more than 0 seconds.");
        }
        Some(millis.max(1))
    }

    fn positive(&mut self, field: impl Into<String>, number: Option<u32>) -> Option<u32> {
        if number == Some(0) {
            self.fault(field, "range", "must be 1 or more; leave it out for no limit.");
        }
        number
    }

    fn digits(&mut self, field: impl Into<String>, text: &str) -> Vec<char> {
        let digits: Vec<char> = text.chars().filter_map(digit).collect();
        if digits.is_empty() || digits.len() != text.chars().count() || digits.len() > DIGITS_MAX as usize {
            self.fault(field, "digits", format!("must be 1 to {DIGITS_MAX} of 0-9, *, #, A-D, not \"{text}\"."));
        }
        digits
    }

    fn key(&mut self, field: &str, text: &str) -> Option<char> {
        let mut characters = text.chars();
        match (characters.next().and_then(digit), characters.next()) {
            (Some(digit), None) => Some(digit),
            _ => {
                self.fault(field, "digits", format!("must be one of 0-9, *, #, A-D, not \"{text}\"."));
                None
            }
        }
    }

    pub(super) fn compile(&mut self, node: &'a Node) -> Compiled {
        self.node = Some(&node.id);
        let id: Arc<str> = node.id.as_str().into();
        let next = self.optional("next", node.next.as_ref());
        let action = match &node.step {
            Step::Entry(step) => Action::Jump { target: self.required("target", &step.target) },
            Step::Ivr(step) => Action::Ivr(self.menu(step, next)),
            Step::If(step) => Action::If {
                condition: self.condition(&step.condition),
                then: self.required("then", &step.then),
                otherwise: self.optional("else", step.r#else.as_ref()),
            },
            Step::Queue(step) => Action::Queue(self.waiting(step)),
            Step::Buyer(step) => Action::Buyer {
                offer: Arc::new(self.offer(&id, step)),
                on_no_buyers: self.optional("onNoBuyers", step.on_no_buyers.as_ref()),
                on_all_busy: self.optional("onAllBusy", step.on_all_busy.as_ref()),
            },
            Step::Record(step) => Action::Record(self.recording(step)),
            Step::Tag(step) => {
                if step.tags.is_empty() {
                    self.fault("tags", "empty", "is empty; add a tag or remove the node.");
                }
                Action::Tag(Arc::new(step.tags.clone()))
            }
            Step::Whisper(step) => self.whisper(&id, step, next),
            Step::Timeout(step) => Action::Pause { millis: self.wait("duration", Some(step.duration)).unwrap_or(1) },
            Step::Fallback(step) => self.fallback(step),
            Step::Hangup(step) => Action::HangUp {
                cause: step.reason.unwrap_or_default().end_cause(),
                prompt: self.prompt_optional("prompt", step.prompt.as_ref()),
            },
        };
        Compiled { id, kind: node.step.kind(), next, action }
    }

    fn condition(&mut self, text: &str) -> Expression {
        Expression::compile(text, self.limits).unwrap_or_else(|problem| {
            self.fault("condition", "expression", problem);
            Expression::never()
        })
    }

    fn menu(&mut self, step: &Ivr, next: Option<At>) -> Menu {
        let prompt = self.prompt("prompt", &step.prompt);
        let timeout_ms = self.wait("timeout", step.timeout).unwrap_or(DIGIT_TIMEOUT_MS);
        let finish_on_key = step.finish_on_key.as_ref().and_then(|key| self.key("finishOnKey", key));
        let max_digits = self.positive("maxDigits", step.max_digits);
        let default = self.optional("default", step.default.as_ref());
        if step.choices.is_empty() {
            self.fault("choices", "empty", "is empty; add a choice.");
        }
        let mut choices: Vec<(Arc<str>, At)> = Vec::with_capacity(step.choices.len());
        let mut taken = HashSet::new();
        for (position, choice) in step.choices.iter().enumerate() {
            let field = format!("choices[{position}].digits");
            let digits: String = self.digits(&field, &choice.digits).into_iter().collect();
            if !taken.insert(digits.clone()) {
                self.fault(&field, "duplicate", format!("\"{digits}\" is a choice already; give each its own digits."));
            }
            if finish_on_key.is_some_and(|key| digits.contains(key)) {
                let message = "contains the key of finishOnKey, which is never part of the input; change one of them.";
                self.fault(&field, "conflict", message);
            }
            if max_digits.is_some_and(|most| digits.len() > most as usize) {
                self.fault(&field, "conflict", "is longer than maxDigits and cannot be reached; raise maxDigits.");
            }
            let target = self.required(format!("choices[{position}].target"), &choice.target);
            choices.push((digits.into(), target));
        }
        if default.is_none() && next.is_none() {
            let message =
                "is missing, and so is next: a caller who presses something else or nothing would be stuck; add one.";
            self.fault("default", "missing", message);
        }
        let longest = choices.iter().map(|(digits, _)| digits.len()).max().unwrap_or(1);
        let digits_max = match (max_digits, finish_on_key) {
            (Some(most), _) => (most as usize).min(DIGITS_MAX as usize),
            (None, Some(_)) => DIGITS_MAX as usize,
            (None, None) => longest,
        };
        Menu { prompt, timeout_ms, digits_max, finish_on_key, choices, default, retries: step.retries.unwrap_or(0) }
    }

    fn waiting(&mut self, step: &Queue) -> Waiting {
        if step.queue_id.trim().is_empty() {
            self.fault("queueId", "empty", "is empty; name a queue.");
        }
        Waiting {
            queue: step.queue_id.as_str().into(),
            wait_prompt: self.prompt_optional("waitUrl", step.wait_url.as_ref()),
            timeout_ms: self.wait("timeout", step.timeout),
            size_max: self.positive("maxSize", step.max_size),
            on_timeout: self.optional("onTimeout", step.on_timeout.as_ref()),
            on_full: self.optional("onFull", step.on_full.as_ref()),
            on_connect: self.optional("onConnect", step.on_connect.as_ref()),
        }
    }

    fn offer(&mut self, id: &Arc<str>, step: &Buyer) -> BuyerOffer {
        let source = step.source.unwrap_or_default();
        let buyers = step.buyers.as_deref().unwrap_or_default();
        let candidates = match source {
            BuyerSource::Campaign if buyers.is_empty() => Candidates::Campaign,
            BuyerSource::Campaign => {
                self.fault("buyers", "conflict", "is not used with source campaign; remove one of them.");
                Candidates::Campaign
            }
            BuyerSource::List => {
                if buyers.is_empty() {
                    self.fault("buyers", "empty", "is empty; add a buyer, or set source to campaign.");
                }
                self.buyers(buyers)
            }
        };
        let strategy = match source {
            BuyerSource::List => Some(step.strategy.unwrap_or(Strategy::RoundRobin)),
            BuyerSource::Campaign => step.strategy,
        };
        let ring_timeout_ms = self.wait("ringTimeout", step.ring_timeout);
        BuyerOffer { node: Arc::clone(id), candidates, strategy, ring_timeout_ms }
    }

    fn buyers(&mut self, entries: &[BuyerEntry]) -> Candidates {
        let mut taken = HashSet::new();
        let mut offered = Vec::with_capacity(entries.len());
        for (position, entry) in entries.iter().enumerate() {
            let field = |name: &str| format!("buyers[{position}].{name}");
            if !taken.insert((&entry.id, &entry.destination)) {
                let message = format!("\"{}\" is listed already for this destination; use weight instead.", entry.id);
                self.fault(field("id"), "duplicate", message);
            }
            if let Some(destination) = &entry.destination
                && !is_destination(destination)
            {
                let message = "must be a SIP URI (sip:sales@example.com) or a number (+15551234567); calls leave over UDP and TCP, not TLS.";
                self.fault(field("destination"), "destination", message);
            }
            if entry.weight == Some(0) {
                self.fault(field("weight"), "range", "must be 1 or more; set enabled to false to leave a buyer out.");
            }
            offered.push(OfferedBuyer {
                buyer: entry.id.as_str().into(),
                destination: entry.destination.as_deref().map(Into::into),
                weight: entry.weight.unwrap_or(1),
                concurrency_max: self.positive(field("maxConcurrency"), entry.max_concurrency),
                daily_calls_max: self.positive(field("maxDailyCalls"), entry.max_daily_calls),
                enabled: entry.enabled.unwrap_or(true),
            });
        }
        Candidates::List(offered)
    }

    fn recording(&mut self, step: &Record) -> Recording {
        Recording {
            format: step.format.unwrap_or_default(),
            channels: step.channels.unwrap_or_default(),
            beep: step.beep.unwrap_or(false),
            message_ms_max: self.wait("maxDuration", step.max_duration).unwrap_or(MESSAGE_MS_MAX),
            on_complete: self.optional("onComplete", step.on_complete.as_ref()),
            on_error: self.optional("onError", step.on_error.as_ref()),
        }
    }

    fn whisper(&mut self, id: &Arc<str>, step: &Whisper, next: Option<At>) -> Action {
        let caller_prompt = self.prompt_optional("callerPrompt", step.caller_prompt.as_ref());
        let callee_prompt = self.prompt_optional("calleePrompt", step.callee_prompt.as_ref());
        if caller_prompt.is_none() && callee_prompt.is_none() {
            self.fault("calleePrompt", "missing", "is missing, and so is callerPrompt; say what is heard.");
        }
        if callee_prompt.is_none() && step.on_reject.is_some() {
            self.fault("onReject", "conflict", "can never happen without a calleePrompt; add one or remove it.");
        }
        let on_accept = self.optional("onAccept", step.on_accept.as_ref());
        if on_accept.is_none() && next.is_none() {
            self.fault("next", "missing", "is missing; lead to the buyer or queue node whose callee hears this.");
        }
        let on_reject = self.optional("onReject", step.on_reject.as_ref());
        let accept_digit = step.accept_digit.as_ref().and_then(|key| self.key("acceptDigit", key));
        let terms = WhisperTerms {
            node: Arc::clone(id),
            caller_prompt,
            callee_prompt,
            timeout_ms: self.wait("timeout", step.timeout).unwrap_or(WHISPER_TIMEOUT_MS),
            accept_digit: accept_digit.unwrap_or(ACCEPT_DIGIT),
            reject_ends_offer: on_reject.is_some(),
        };
        Action::Whisper { terms: Arc::new(terms), on_accept, on_reject }
    }

    fn fallback(&mut self, step: &Fallback) -> Action {
        if step.targets.is_empty() {
            self.fault("targets", "empty", "is empty; add a node to try.");
        }
        let mut targets: Vec<At> = Vec::with_capacity(step.targets.len());
        for (position, id) in step.targets.iter().enumerate() {
            let target = self.required(format!("targets[{position}]"), id);
            if self.places.contains_key(id.as_str()) && targets.contains(&target) {
                let message = format!("\"{id}\" is listed already; a branch is tried once.");
                self.fault(format!("targets[{position}]"), "duplicate", message);
            }
            targets.push(target);
        }
        Action::Fallback { targets, on_all_failed: self.optional("onAllFailed", step.on_all_failed.as_ref()) }
    }
}

/// A DTMF digit, letters in upper case.
pub(crate) fn digit(c: char) -> Option<char> {
    let c = c.to_ascii_uppercase();
    (c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D')).then_some(c)
}

/// A SIP URI, a tel URI or a number. The switch parses it in full.
fn is_destination(text: &str) -> bool {
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("sip:") {
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        return host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    }
    let number = lower.strip_prefix("tel:").unwrap_or(&lower);
    let digits = number.strip_prefix('+').unwrap_or(number);
    (1..=20).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
}
