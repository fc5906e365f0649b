//! The platform's HTTP API, as far as the tests read it.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use ureq::Agent;

use crate::demo::Demo;

/// A call is in every report within 2 s of its end; the rest is for a busy machine.
const SETTLES_WITHIN: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The API counts a key's requests by the minute.
const TOO_MANY: u16 = 429;
const TOO_MANY_PAUSE: Duration = Duration::from_secs(1);
const RATE_WINDOW: Duration = Duration::from_secs(90);
const PAGE_ROWS: usize = 100;
const RECORDING_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// A client with the demo's key.
#[derive(Debug, Clone)]
pub struct Api {
    url: String,
    header: &'static str,
    key: String,
    agent: Agent,
}

impl Api {
    #[must_use]
    pub fn new(demo: &Demo) -> Self {
        Self::at(&demo.api_url, demo)
    }

    /// Of another process of the same platform.
    #[must_use]
    pub fn at(url: &str, demo: &Demo) -> Self {
        let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(20)));
        Self {
            url: url.trim_end_matches('/').to_owned(),
            header: "X-API-Key",
            key: demo.api_key.clone(),
            agent: config.build().new_agent(),
        }
    }

    /// The same as the person who holds this session.
    #[must_use]
    pub fn signed_in(&self, token: &str) -> Self {
        Self { header: "Authorization", key: format!("Bearer {token}"), ..self.clone() }
    }

    /// With another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// Where its WebSocket lets the holder of this ticket in.
    #[must_use]
    pub fn events_url(&self, ticket: &str) -> String {
        format!("{}/ws/events?ticket={ticket}", self.url.replacen("http", "ws", 1))
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.agent.get(format!("{}/health/ready", self.url)).call().is_ok()
    }

    /// Waits when it is told that it asks too often.
    ///
    /// # Errors
    /// No answer, an error status, or no JSON.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut waited = Duration::ZERO;
        loop {
            let request = self.agent.get(format!("{}{path}", self.url)).header(self.header, &self.key);
            match request.call() {
                Err(ureq::Error::StatusCode(TOO_MANY)) if waited < RATE_WINDOW => {
                    sleep(TOO_MANY_PAUSE);
                    waited += TOO_MANY_PAUSE;
                }
                answer => {
                    return answer
                        .with_context(|| path.to_owned())?
                        .body_mut()
                        .read_json()
                        .with_context(|| path.to_owned());
                }
            }
        }
    }

    /// The body as text.
    ///
    /// # Errors
    /// No answer, or an error status.
    pub fn text(&self, path: &str) -> anyhow::Result<String> {
        let request = self.agent.get(format!("{}{path}", self.url)).header(self.header, &self.key);
        request.call().with_context(|| path.to_owned())?.body_mut().read_to_string().with_context(|| path.to_owned())
    }

    /// Sends `body` as it is; answers status and content, also of a refusal.
    ///
    /// # Errors
    /// No answer, or no JSON in it.
    pub fn send(&self, method: &str, path: &str, body: &str) -> anyhow::Result<(u16, Value)> {
        let url = format!("{}{path}", self.url);
        let request = match method {
            "PUT" => self.agent.put(url),
            "PATCH" => self.agent.patch(url),
            _ => self.agent.post(url),
        };
        let request = request.config().http_status_as_error(false).build();
        let request = request.header(self.header, &self.key).header("Content-Type", "application/json");
        let mut response = request.send(body).with_context(|| path.to_owned())?;
        let status = response.status().as_u16();
        Ok((status, response.body_mut().read_json().with_context(|| format!("{path}: {status}"))?))
    }

    /// Removes what is at a path.
    ///
    /// # Errors
    /// When it cannot be asked, or does not answer 204.
    pub fn remove(&self, path: &str) -> anyhow::Result<()> {
        let request = self.agent.delete(format!("{}{path}", self.url)).header(self.header, &self.key);
        let status = request.config().http_status_as_error(false).build().call()?.status().as_u16();
        ensure!(status == 204, "DELETE {path}: {status}");
        Ok(())
    }

    /// All calls whose caller's number begins so, oldest first.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub fn calls_from(&self, caller: &str) -> anyhow::Result<Vec<Value>> {
        let caller = caller.replace('+', "%2B");
        let mut calls = Vec::new();
        for page in 1.. {
            let path = format!("/api/v1/calls?fromNumber={caller}&limit={PAGE_ROWS}&page={page}");
            let body = self.get(&path)?;
            let rows = body["data"].as_array().with_context(|| format!("{path}: no data in {body}"))?;
            calls.extend(rows.iter().cloned());
            if rows.len() < PAGE_ROWS {
                break;
            }
        }
        calls.reverse();
        Ok(calls)
    }

    /// The calls from this caller once there are `count` and each is over and settled.
    ///
    /// # Errors
    /// That does not come about in time; the message says what is missing.
    pub fn settled_calls(&self, caller: &str, count: usize) -> anyhow::Result<Vec<Value>> {
        let mut waited = Duration::ZERO;
        loop {
            let calls = self.calls_from(caller)?;
            ensure!(calls.len() <= count, "{} calls from {caller}, only {count} were made", calls.len());
            let settled = calls.iter().filter(|call| is_settled(call)).count();
            if settled == count {
                return Ok(calls);
            }
            if waited >= SETTLES_WITHIN {
                bail!("of {count} calls from {caller}, {} are listed and {settled} settled: {calls:?}", calls.len());
            }
            sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
    }

    /// Waits until the call from this caller is answered.
    ///
    /// # Errors
    /// It is not, or not in time.
    pub fn answered_call(&self, caller: &str) -> anyhow::Result<()> {
        let mut waited = Duration::ZERO;
        while !self.calls_from(caller)?.iter().any(|call| !call["answeredAt"].is_null()) {
            ensure!(waited < SETTLES_WITHIN, "no answered call from {caller}");
            sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
        Ok(())
    }

    /// Everything about the only call from this caller, once it is settled and its recordings are finished.
    ///
    /// # Errors
    /// There is none, or not only one, or it does not settle.
    pub fn settled_call(&self, caller: &str) -> anyhow::Result<Value> {
        let calls = self.settled_calls(caller, 1)?;
        self.detail(&calls[0])
    }

    /// Everything about a call of a list.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub fn detail(&self, call: &Value) -> anyhow::Result<Value> {
        let id = call["id"].as_str().context("a call without an id")?;
        let mut waited = Duration::ZERO;
        loop {
            let body = self.get(&format!("/api/v1/calls/{id}"))?;
            let detail = if body["data"].is_object() { body["data"].clone() } else { body };
            let recordings = detail["recordings"].as_array().map(Vec::as_slice).unwrap_or_default();
            let crashed = detail["endReason"] == "switch_restarted";
            if crashed || recordings.iter().all(|recording| !recording["size"].is_null()) || waited >= SETTLES_WITHIN {
                return Ok(detail);
            }
            sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
    }

    /// The file of a recording.
    ///
    /// # Errors
    /// It cannot be fetched.
    pub fn recording(&self, recording: &Value) -> anyhow::Result<Vec<u8>> {
        let id = recording["id"].as_str().context("a recording without an id")?;
        let path = format!("{}/api/v1/recordings/{id}/stream", self.url);
        let mut response = self.agent.get(&path).header(self.header, &self.key).call().with_context(|| path.clone())?;
        response.body_mut().with_config().limit(RECORDING_BYTES_MAX).read_to_vec().with_context(|| path.clone())
    }
}

/// Over, and its money is known where it was answered.
#[must_use]
pub fn is_settled(call: &Value) -> bool {
    let over = !call["endedAt"].is_null();
    over && (call["answeredAt"].is_null() || !call["money"].is_null())
}
