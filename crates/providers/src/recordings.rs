//! Recordings that lie at another media server. Whoever names one names an address the platform then asks: only hosts the operator has
//! listed, nothing but https, nothing in private networks unless the installation allows it, nothing redirected, bounded in time.

use std::time::Duration;

use reqwest::{Client, Response, Url, header::ACCEPT};
use tokio::sync::Semaphore;

use crate::guard::{Guard, cause};

/// Longest a recording may take to come.
const FETCH_MAX: Duration = Duration::from_mins(5);
/// Recordings fetched at once.
const AT_ONCE_MAX: usize = 8;

/// Why a recording is not fetched, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError(pub String);

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SourceError {}

/// Fetches from these hosts.
#[derive(Debug)]
pub struct RecordingHosts {
    client: Client,
    hosts: Vec<String>,
    guard: Guard,
    room: Semaphore,
}

impl RecordingHosts {
    /// `hosts` as they stand in addresses, without ports. `allows_private`: such in private networks too, and http on this
    /// machine's own address.
    pub fn new(hosts: &[String], allows_private: bool) -> Result<Self, SourceError> {
        let guard = Guard { allows_private, setting: "RECORDING_HOSTS_PRIVATE" };
        let client = guard.client(FETCH_MAX).map_err(|error| SourceError(error.to_string()))?;
        let hosts = hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
        Ok(Self { client, hosts, guard, room: Semaphore::new(AT_ONCE_MAX) })
    }

    fn url(&self, text: &str) -> Result<Url, SourceError> {
        let url = self.guard.url(text).map_err(SourceError)?;
        if self.hosts.iter().any(|known| Some(known.as_str()) == url.host_str()) {
            return Ok(url);
        }
        Err(SourceError("is at a host that is not allowed here (api.recording_hosts, RECORDING_HOSTS)".to_owned()))
    }

    /// What lies there, as it comes.
    pub async fn open(&self, url: &str) -> Result<Response, SourceError> {
        let url = self.url(url)?;
        let _room = self.room.try_acquire().map_err(|_| SourceError("waits: too many are fetched now".to_owned()))?;
        let request = self.client.get(url).header(ACCEPT, "audio/wav, audio/x-wav, application/octet-stream");
        // The address is left out: its query may hold a key.
        let response = request
            .send()
            .await
            .map_err(|error| SourceError(format!("was not reached: {}", cause(&error.without_url()))))?;
        match response.status().as_u16() {
            200 => Ok(response),
            status => Err(SourceError(format!("was answered with status {status}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(allows_private: bool) -> RecordingHosts {
        // A second one in the same process is refused, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listed = ["Media.acme.example", "10.1.2.3", "127.0.0.1", "localhost", "[::1]"].map(str::to_owned);
        RecordingHosts::new(&listed, allows_private).unwrap()
    }

    #[test]
    fn only_listed_hosts_are_asked() {
        let public = hosts(false);
        assert!(public.url("https://media.acme.example/a.wav?key=1").is_ok());
        assert!(public.url("https://media.acme.example:8443/a.wav").is_ok());
        for refused in [
            "",
            "media.acme.example/a.wav",
            "http://media.acme.example/a.wav",
            "ftp://media.acme.example/a.wav",
            "file:///etc/passwd",
            "s3://bucket/a.wav",
            "https://user@media.acme.example/a.wav",
            "https://media.acme.example.evil.example/a.wav",
            "https://evil.example/?media.acme.example",
            "https://10.1.2.3/a.wav",
            "https://127.0.0.1/a.wav",
            "https://2130706433/a.wav",
            "https://[::1]/a.wav",
        ] {
            assert!(public.url(refused).is_err(), "{refused}");
        }
        let private = hosts(true);
        assert!(private.url("https://10.1.2.3/a.wav").is_ok());
        assert!(private.url("http://127.0.0.1:3900/a.wav").is_ok());
        assert!(private.url("http://10.1.2.3/a.wav").is_err());
        assert!(private.url("https://10.1.2.4/a.wav").is_err());
    }

    #[tokio::test]
    async fn a_listed_name_that_leads_into_a_private_network_is_not_asked() {
        let error = hosts(false).open("https://localhost:1/a.wav").await.unwrap_err();
        assert!(error.0.contains("private network"), "{error}");
    }
}
