//! Each adapter against a local server that notes every request and answers as the provider's documentation has it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bandwidth;
mod faults;
mod lookups;
mod signalwire;
mod stub;
mod telnyx;
mod webhooks;
