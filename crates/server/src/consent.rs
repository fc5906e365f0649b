//! Asks those who vouch for consents: TrustedForm and Jornaya.

use std::time::Duration;

use async_trait::async_trait;
use domain::{PhoneNumber, Timestamp};
use operations::{ConsentProvider, ConsentVerifier, Vouched};
use serde::Deserialize;

/// How long a provider may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Largest answer read, bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Only this host is ever sent TrustedForm's key.
const TRUSTED_FORM: &str = "https://cert.trustedform.com";
const JORNAYA: &str = "https://api.leadid.com";

/// The providers and their keys.
#[derive(Debug)]
pub struct Providers {
    client: reqwest::Client,
    trusted_form: String,
    trusted_form_key: Option<String>,
    jornaya: String,
    jornaya_account: Option<String>,
}

/// What TrustedForm answers (Certificate API 4.0).
#[derive(Debug, Deserialize)]
struct Certificate {
    /// `success`, `failure` or `error`.
    outcome: String,
    reason: Option<String>,
}

/// What Jornaya answers (Authentication API).
#[derive(Debug, Deserialize)]
struct LeadId {
    authenticate: Authenticated,
}

#[derive(Debug, Deserialize)]
struct Authenticated {
    /// 1: issued by them.
    authentic: u8,
}

impl Providers {
    /// With the keys that are set; without its key a provider is not asked.
    pub fn new(config: &crate::config::Consent) -> anyhow::Result<Self> {
        // A redirect would carry the key to whoever it leads to.
        let client =
            reqwest::Client::builder().timeout(ANSWER_MAX).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self {
            client,
            trusted_form: TRUSTED_FORM.to_owned(),
            trusted_form_key: config.trustedform_api_key.clone(),
            jornaya: JORNAYA.to_owned(),
            jornaya_account: config.jornaya_api_key.clone(),
        })
    }

    async fn trusted_form(&self, token: &str, number: &PhoneNumber) -> Result<Vouched, String> {
        let id = certificate_id(token)?;
        let key = self.trusted_form_key.as_ref().ok_or("no TrustedForm key is set (TRUSTEDFORM_API_KEY)")?;
        // `match_lead` ties the certificate to this consumer: another's certificate is a failure.
        let body = serde_json::json!({"match_lead": {"phone": number.as_str()}});
        let request = self
            .client
            .post(format!("{}/{id}", self.trusted_form))
            .basic_auth("API", Some(key))
            .header("api-version", "4.0")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(body.to_string());
        let (status, text) = answer(request).await?;
        if status == 404 {
            return Ok(Vouched::Invalid("TrustedForm knows no such certificate".into()));
        }
        if status != 200 {
            return Err(format!("TrustedForm answered {status}"));
        }
        let said: Certificate = serde_json::from_slice(&text).map_err(|_| "TrustedForm's answer is not readable")?;
        match said.outcome.as_str() {
            "success" => Ok(Vouched::Verified { expires_at: None }),
            "failure" => {
                Ok(Vouched::Invalid(said.reason.unwrap_or_else(|| "TrustedForm does not vouch for it".into())))
            }
            other => Err(format!("TrustedForm answered {other:?}: {}", said.reason.unwrap_or_default())),
        }
    }

    async fn jornaya(&self, token: &str) -> Result<Vouched, String> {
        let is_lead_id = token.len() == 36 && token.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if !is_lead_id {
            return Ok(Vouched::Invalid("a LeadiD has 36 hexadecimal digits and dashes".into()));
        }
        let account = self.jornaya_account.as_ref().ok_or("no Jornaya account code is set (JORNAYA_API_KEY)")?;
        let mut url =
            reqwest::Url::parse(&format!("{}/Authenticate", self.jornaya)).map_err(|error| error.to_string())?;
        url.query_pairs_mut().append_pair("lac", account).append_pair("id", token);
        let request = self.client.get(url).header("accept", "application/json");
        let (status, text) = answer(request).await?;
        if status != 200 {
            return Err(format!("Jornaya answered {status}"));
        }
        let said: LeadId = serde_json::from_slice(&text).map_err(|_| "Jornaya's answer is not readable")?;
        Ok(match said.authenticate.authentic {
            1 => Vouched::Verified { expires_at: None },
            _ => Vouched::Invalid("Jornaya did not issue this LeadiD".into()),
        })
    }
}

/// The certificate's id, out of its address or alone. An address on any other host is refused: it would be sent our key.
fn certificate_id(token: &str) -> Result<&str, String> {
    let id = match token.strip_prefix(TRUSTED_FORM) {
        Some(path) => path.strip_prefix('/').unwrap_or(""),
        None => token,
    };
    let is_id = !id.is_empty() && id.len() <= 255 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id { Ok(id) } else { Err(format!("a TrustedForm token is {TRUSTED_FORM}/ and the certificate's id")) }
}

/// Status and body, bounded.
async fn answer(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), String> {
    // What went wrong may name the address, and that may hold the account: only the kind of fault is told.
    let told = |error: reqwest::Error| format!("it cannot be reached: {}", error.without_url());
    let mut response = request.send().await.map_err(told)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err("its answer is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

#[async_trait]
impl ConsentVerifier for Providers {
    async fn verify(&self, provider: ConsentProvider, token: &str, number: &PhoneNumber, _: Timestamp) -> Vouched {
        let said = match provider {
            ConsentProvider::TrustedForm => self.trusted_form(token, number).await,
            ConsentProvider::Jornaya => self.jornaya(token).await,
            ConsentProvider::Custom => Err("nobody vouches for CUSTOM consents".into()),
        };
        said.unwrap_or_else(Vouched::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// A provider that takes one request, says `body` with `status`, and shows what it was asked.
    async fn asked(status: u16, body: &'static str, provider: ConsentProvider, token: &str) -> (Vouched, String) {
        // A second one in the same process is refused, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4_096];
            loop {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                    let length = head
                        .to_lowercase()
                        .split("content-length: ")
                        .nth(1)
                        .map_or(0, |rest| rest.lines().next().unwrap().trim().parse::<usize>().unwrap());
                    body.len() >= length
                });
                if whole || read == 0 {
                    let length = body.len();
                    let head =
                        format!("HTTP/1.1 {status} x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {length}\r\n");
                    stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).unwrap();
                    return text;
                }
            }
        });
        let config = crate::config::Consent {
            trustedform_api_key: Some("secret".into()),
            jornaya_api_key: Some("account-code".into()),
        };
        let providers =
            Providers { trusted_form: address.clone(), jornaya: address, ..Providers::new(&config).unwrap() };
        let number = PhoneNumber::from_dialled("+12125550100").unwrap();
        let said = providers.verify(provider, token, &number, Timestamp::from_secs(0)).await;
        (said, server.join().unwrap())
    }

    const CERTIFICATE: &str = "https://cert.trustedform.com/eb9fc4dd9bed9ad451a5648946cf4bf09b5bb947";

    #[tokio::test]
    async fn trusted_form_is_asked_as_documented() {
        for (status, body, expect) in [
            (200, r#"{"outcome":"success","reason":null}"#, Some(true)),
            (200, r#"{"outcome":"failure","reason":"phone does not match"}"#, Some(false)),
            (404, "", Some(false)),
            (200, r#"{"outcome":"error"}"#, None),
            (200, "<html>", None),
            (302, "", None),
            (500, "", None),
        ] {
            let (said, request) = asked(status, body, ConsentProvider::TrustedForm, CERTIFICATE).await;
            let found = match said {
                Vouched::Verified { .. } => Some(true),
                Vouched::Invalid(_) => Some(false),
                Vouched::Unknown(_) => None,
            };
            assert_eq!(found, expect, "{status} {body}");
            assert!(request.starts_with("POST /eb9fc4dd9bed9ad451a5648946cf4bf09b5bb947 HTTP/1.1"), "{request}");
            // Basic API:secret.
            assert!(request.contains("authorization: Basic QVBJOnNlY3JldA=="), "{request}");
            assert!(request.contains("api-version: 4.0"), "{request}");
            assert!(request.ends_with(r#"{"match_lead":{"phone":"+12125550100"}}"#), "{request}");
        }
    }

    #[tokio::test]
    async fn jornaya_is_asked_as_documented() {
        let token = "01234567-89AB-CDEF-0123-456789ABCDEF";
        let authentic = r#"{"authenticate":{"authentic":1,"token":"x"}}"#;
        let (said, request) = asked(200, authentic, ConsentProvider::Jornaya, token).await;
        assert_eq!(said, Vouched::Verified { expires_at: None });
        assert!(request.starts_with(&format!("GET /Authenticate?lac=account-code&id={token} HTTP/1.1")), "{request}");
        let (said, _) = asked(200, r#"{"authenticate":{"authentic":0}}"#, ConsentProvider::Jornaya, token).await;
        assert!(matches!(said, Vouched::Invalid(_)));
    }

    #[test]
    fn no_other_host_gets_the_key() {
        assert_eq!(certificate_id(CERTIFICATE), Ok("eb9fc4dd9bed9ad451a5648946cf4bf09b5bb947"));
        assert_eq!(certificate_id("abc123"), Ok("abc123"));
        for token in [
            "https://cert.trustedform.com.evil.example/abc",
            "https://cert.trustedform.com@evil.example/abc",
            "http://cert.trustedform.com/abc",
            "https://evil.example/abc",
            "https://cert.trustedform.com/../abc",
            "https://cert.trustedform.com/",
            "",
        ] {
            assert!(certificate_id(token).is_err(), "{token}");
        }
    }
}
