//! The call-flow language: parse, check, step.
//!
//! A [`Document`] is what people write, as JSON ([`parse_json`]) or YAML ([`parse_yaml`]). [`check`] turns it into a
//! [`Program`] or lists every [`Fault`]. A [`Run`] steps one call through a program: an event in, instructions out. The
//! crate holds all meaning of the nodes; whoever drives it carries out instructions and reports what happened.
//!
//! ```text
//! parse_json ── Document ── check ── Arc<Program> ── Run::new ── resume(now, event) ── Vec<Instruction>
//! ```
//!
//! Nothing here waits, reads a clock or draws a random number.

mod check;
mod decode;
mod document;
mod expression;
mod facts;
mod fault;
mod instruction;
mod limits;
mod parse;
mod program;
mod prompt;
mod run;

pub use check::{check, check_with};
pub use document::{
    Buyer, BuyerEntry, BuyerSource, Choice, Document, Entry, EntryStep, Fallback, HangUpReason, Hangup, If, Ivr, Node,
    Queue, Record, RecordChannels, RecordFormat, Seconds, Step, Tag, Timeout, Whisper, schema,
};
pub use facts::{CampaignFacts, Carrier, Facts};
pub use fault::Fault;
pub use instruction::{FlowEvent, Instruction, OfferFailure, WhisperTerms};
pub use limits::Limits;
pub use parse::{parse_json, parse_json_with, parse_value, parse_yaml, parse_yaml_with};
pub use program::{BuyerOffer, Candidates, OfferedBuyer, Program};
pub use run::Run;
