//! `demo.json`: what `hopwhistle up --demo` tells about itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

/// Where the platform is and what can be called there.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Demo {
    /// `http://127.0.0.1:3001`
    pub api_url: String,
    /// `http://127.0.0.1:3000`
    #[serde(default)]
    pub web_url: Option<String>,
    /// `sip:127.0.0.1:5060`
    pub sip_uri: String,
    /// Of a user who may read calls and recordings.
    pub api_key: String,
    /// For the web application.
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub password: Option<String>,
    /// Numbers by what they lead to; README.md says what each must do.
    pub numbers: BTreeMap<String, String>,
}

impl Demo {
    /// # Errors
    /// The file is not there, or not as described.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    /// The number that leads there.
    ///
    /// # Errors
    /// The demo has none.
    pub fn number(&self, purpose: &str) -> anyhow::Result<&str> {
        let number = self.numbers.get(purpose);
        number.map(String::as_str).with_context(|| format!("demo.json names no number '{purpose}'"))
    }

    /// `host:port` of the SIP address.
    #[must_use]
    pub fn sip_host(&self) -> &str {
        let rest = self.sip_uri.strip_prefix("sip:").unwrap_or(&self.sip_uri);
        let host = rest.split(';').next().unwrap_or(rest);
        host.rsplit('@').next().unwrap_or(host)
    }
}
