//! Webhooks that tenants name, told as JSON.

use std::time::Duration;

use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use crate::guard::{Guard, cause};

/// Longest a webhook may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Says which message it is, so that one sent twice can be told (Standard Webhooks).
const ID_HEADER: &str = "webhook-id";

/// Why a webhook was not told. Never the address, which is a secret, and nothing of what answered: it may stand in a private network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookError {
    /// It must not be asked.
    Address(String),
    /// No answer came.
    Unreachable(String),
    /// It did not take it.
    Refused(StatusCode),
}

impl std::fmt::Display for WebhookError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(why) => write!(f, "its address {why}"),
            Self::Unreachable(why) => write!(f, "it cannot be reached: {why}"),
            Self::Refused(status) => write!(f, "it answered {status}"),
        }
    }
}

impl std::error::Error for WebhookError {}

/// Tells them.
#[derive(Debug)]
pub struct Webhooks {
    client: Client,
    guard: Guard,
}

impl Webhooks {
    /// `allows_private`: webhooks in private networks too, and http on this machine's own address; `setting` is named where it is refused.
    pub fn new(allows_private: bool, setting: &'static str) -> Result<Self, WebhookError> {
        let guard = Guard { allows_private, setting };
        let client = guard.client(ANSWER_MAX).map_err(|error| WebhookError::Address(error.to_string()))?;
        Ok(Self { client, guard })
    }

    /// Sends it, and is content with any 2xx.
    pub async fn tell(&self, address: &str, id: &str, message: &Value) -> Result<(), WebhookError> {
        let url = self.guard.url(address).map_err(WebhookError::Address)?;
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json").header(ID_HEADER, id);
        let away = |error: reqwest::Error| WebhookError::Unreachable(cause(&error.without_url()));
        let status = request.body(message.to_string()).send().await.map_err(away)?.status();
        if status.is_success() { Ok(()) } else { Err(WebhookError::Refused(status)) }
    }
}
