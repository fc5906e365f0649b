//! The HTTP API as commands see it: JSON, files in both directions, and refusals in words.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Body, RequestBuilder, Response, StatusCode, Url, header};
use serde_json::Value;

use super::Usage;
use super::output::plain;

const CONNECTS_WITHIN: Duration = Duration::from_secs(10);
/// For answers that are one document; files take as long as they take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);
/// A key that asks too often is told when to ask again; longer waits are for people to decide.
const WAITS_MAX: Duration = Duration::from_secs(60);
/// Bytes of a refusal that are read.
const REFUSAL_BYTES_MAX: usize = 1024 * 1024;

/// How a command shows whose it is.
#[derive(Clone)]
pub enum Credential {
    /// An API key.
    Key(String),
    /// The session of somebody who signed in for this command.
    Session(String),
    /// Not at all: signing in and accepting an invitation need nothing.
    None,
}

// Neither is to be printed.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key",
            Self::Session(_) => "Session",
            Self::None => "None",
        })
    }
}

/// A platform, and what opens it.
#[derive(Debug)]
pub struct Client {
    base: Url,
    credential: Credential,
    http: reqwest::Client,
}

impl Client {
    pub fn new(url: &str, credential: Credential) -> anyhow::Result<Self> {
        let base = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(base) = base else {
            return Err(Usage(format!("--api-url {url:?} is no address such as https://api.example.com")).into());
        };
        if matches!(&credential, Credential::Key(key) if header::HeaderValue::from_str(key).is_err()) {
            return Err(Usage("--api-key holds what no key has".to_owned()).into());
        }
        let http = reqwest::Client::builder().connect_timeout(CONNECTS_WITHIN).http1_only();
        // While the platform keeps the rows it has, it takes no more of a file: that is no dead connection (30 s unless said).
        let http = http.tcp_user_timeout(None);
        // A redirect would be given the key as well.
        let http = http.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { base, credential, http })
    }

    /// The same platform, opened by something else.
    pub fn as_one_with(&self, credential: Credential) -> Self {
        Self { base: self.base.clone(), credential, http: self.http.clone() }
    }

    /// The address of a path with its parameters.
    pub fn address(&self, path: &str, parameters: &[(String, String)]) -> anyhow::Result<Url> {
        let mut url =
            Url::parse(&format!("{}{path}", self.base.as_str().trim_end_matches('/'))).context("--api-url")?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    /// Begins a request with the key or session.
    pub fn begin(&self, method: reqwest::Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.credential {
            Credential::Key(key) => request.header("x-api-key", key),
            Credential::Session(token) => request.bearer_auth(token),
            Credential::None => request,
        }
    }

    /// Sends it, whatever the answer.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        request.send().await.map_err(|error| {
            let said = if error.is_connect() {
                format!("{} does not answer; name the API with --api-url or HOPWHISTLE_API_URL", self.base)
            } else {
                format!("the connection to {} broke", self.base)
            };
            anyhow::Error::new(error).context(said)
        })
    }

    /// Reads a document, and waits when it is told that it asks too often.
    pub async fn get(&self, path: &str, parameters: &[(String, String)]) -> anyhow::Result<Value> {
        let url = self.address(path, parameters)?;
        loop {
            let request = self.begin(reqwest::Method::GET, url.clone()).timeout(ANSWERS_WITHIN);
            let response = self.send(request).await?;
            match wait_of(&response) {
                Some(wait) if wait <= WAITS_MAX => tokio::time::sleep(wait).await,
                _ => return document(response).await,
            }
        }
    }

    /// Sends a document; answers that of the answer, null where it has none.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.change(reqwest::Method::POST, path, body).await
    }

    /// Sends changes; answers what came of them.
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.change(reqwest::Method::PATCH, path, body).await
    }

    async fn change(&self, method: reqwest::Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.begin(method, self.address(path, &[])?).timeout(ANSWERS_WITHIN);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        let response = self.send(request).await?;
        if response.status() == StatusCode::NO_CONTENT { Ok(Value::Null) } else { document(response).await }
    }

    /// Reads a file as it comes.
    pub async fn download(&self, path: &str, parameters: &[(String, String)]) -> anyhow::Result<Response> {
        let response = self.send(self.begin(reqwest::Method::GET, self.address(path, parameters)?)).await?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    /// Sends a file as it is read.
    pub async fn upload(
        &self,
        path: &str,
        parameters: &[(String, String)],
        kind: &'static str,
        body: Body,
    ) -> anyhow::Result<Value> {
        let request = self.begin(reqwest::Method::POST, self.address(path, parameters)?);
        document(self.send(request.header(header::CONTENT_TYPE, kind).body(body)).await?).await
    }
}

fn wait_of(response: &Response) -> Option<Duration> {
    if response.status() != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn document(response: Response) -> anyhow::Result<Value> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let bytes = response.bytes().await.context("the answer broke off")?;
    serde_json::from_slice(&bytes).context("the answer is not JSON; is this the API's address?")
}

/// A problem document in words: a sentence, and a line for each faulty field.
async fn refusal(mut response: Response) -> anyhow::Error {
    let status = response.status();
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await
        && bytes.len() < REFUSAL_BYTES_MAX
    {
        bytes.extend_from_slice(&piece);
    }
    let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    anyhow::anyhow!("{}", words(status, &problem))
}

fn words(status: StatusCode, problem: &Value) -> String {
    let said = problem["detail"].as_str().or_else(|| problem["error"]["message"].as_str());
    let mut text = match said {
        Some(said) => plain(said),
        None => format!("the answer was {status}; is this the API's address?"),
    };
    let faults = problem["errors"].as_array().or_else(|| problem["error"]["details"].as_array());
    for fault in faults.into_iter().flatten() {
        let word = |name: &str| plain(fault[name].as_str().unwrap_or(""));
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {}: {}", word("field"), word("message"));
    }
    match status {
        StatusCode::UNAUTHORIZED => {
            text.push_str(" (is the key of --api-key or HOPWHISTLE_API_KEY this platform's, and active?)")
        }
        // Other refusals (compliance, quota, budget) are not the key's.
        StatusCode::FORBIDDEN if problem["error"]["code"] == "FORBIDDEN" => {
            text.push_str(" (the key's scopes and side say what it may do)")
        }
        _ => {}
    }
    text
}

/// Refuses what is no `name=value`.
pub fn parameter(text: &str) -> anyhow::Result<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => bail!("write it as name=value"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_is_a_sentence_and_its_fields() {
        let problem = json!({"detail": "2 fields are not valid", "errors": [
            {"field": "status", "message": "is unknown"}, {"field": "limit", "message": "is \u{1b}[31mtoo high"}]});
        let text = words(StatusCode::UNPROCESSABLE_ENTITY, &problem);
        assert_eq!(text, "2 fields are not valid\n  status: is unknown\n  limit: is \u{fffd}[31mtoo high");
        assert!(words(StatusCode::BAD_GATEWAY, &Value::Null).contains("502"));
        assert!(words(StatusCode::UNAUTHORIZED, &problem).contains("--api-key"));
    }

    #[test]
    fn an_address_keeps_its_path() -> anyhow::Result<()> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::new("https://example.com/hop/", Credential::None)?;
        let parameters = [("search".to_owned(), "+1 2&3".to_owned())];
        let url = client.address("/api/v1/leads", &parameters)?;
        assert_eq!(url.as_str(), "https://example.com/hop/api/v1/leads?search=%2B1+2%263");
        for wrong in ["example.com", "ftp://example.com", ""] {
            assert!(Client::new(wrong, Credential::None).is_err_and(|error| error.is::<Usage>()), "{wrong}");
        }
        Ok(())
    }
}
