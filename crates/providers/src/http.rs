//! One account at one address.

use std::{fmt, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use operations::ProviderError;
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longest a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest answer read, bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What of a refusal is kept, characters.
const REFUSAL_CHARS_MAX: usize = 300;
/// Pages of one list: with 100 a page, what one account may hold here.
pub const PAGES_MAX: u32 = 1_000;

/// Sends requests with an account's credentials.
pub struct Http {
    client: Client,
    base: Url,
    credentials: HeaderValue,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: String,
}

/// What goes out.
#[derive(Debug)]
pub enum Outgoing<'a> {
    Nothing,
    Json(&'a Value),
    Xml(String),
}

/// `Basic` credentials (RFC 7617).
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

impl Http {
    /// `base` ends with a slash; paths are relative to it.
    pub fn new(base: &str, credentials: &str) -> Result<Self, ProviderError> {
        let wrong = |what: &dyn fmt::Display| ProviderError::Refused(format!("the account is not usable: {what}"));
        let mut credentials = HeaderValue::from_str(credentials).map_err(|error| wrong(&error))?;
        credentials.set_sensitive(true);
        let client = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| wrong(&error))?;
        Ok(Self { client, base: Url::parse(base).map_err(|error| wrong(&error))?, credentials })
    }

    /// Sends, and reads the answer whole. A status that is neither success nor 404 is an error.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
        body: Outgoing<'_>,
    ) -> Result<Answer, ProviderError> {
        let mut url = self.base.join(path).map_err(|error| ProviderError::Refused(format!("{path}: {error}")))?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let request = self.client.request(method, url).header(AUTHORIZATION, self.credentials.clone());
        let request = match body {
            Outgoing::Nothing => request,
            Outgoing::Json(value) => request.header(CONTENT_TYPE, "application/json").body(value.to_string()),
            Outgoing::Xml(text) => request.header(CONTENT_TYPE, "application/xml").body(text),
        };
        // The address is left out: it may hold an account's number.
        let away = |error: reqwest::Error| ProviderError::Unavailable(error.without_url().to_string());
        let mut response = request.send().await.map_err(away)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ProviderError::Unavailable("the answer is larger than is read".to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_success() || status == StatusCode::NOT_FOUND {
            return Ok(Answer { status, body });
        }
        let short: String = body.chars().take(REFUSAL_CHARS_MAX).collect();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
        {
            return Err(ProviderError::Unavailable(format!("{status}: {short}")));
        }
        Err(ProviderError::Refused(format!("{status}: {short}")))
    }
}

impl Answer {
    /// The body as JSON. What cannot be read leaves open what happened.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, ProviderError> {
        let found = self.found().ok_or_else(|| ProviderError::Refused("404: there is no such thing".to_owned()))?;
        serde_json::from_str(&found.body)
            .map_err(|error| ProviderError::Unavailable(format!("the answer cannot be read: {error}")))
    }

    /// `None` for 404.
    pub fn found(self) -> Option<Self> {
        (self.status != StatusCode::NOT_FOUND).then_some(self)
    }
}
