//! Prompts: `tone:`, `file:`, `object:` (or a bare storage key), `https:`, `say:`. Loaded once, then shared by all calls.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use domain::TenantId;
use media::tone::Tone;
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::recorder::path_of;

/// Largest audio file taken: ten minutes of 48 kHz stereo.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Largest audio fetched over the network.
const FETCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest text that is spoken, characters.
const TEXT_MAX: usize = 2_000;
/// How long the speech command or a download may take.
const LOAD_MAX: Duration = Duration::from_secs(10);
/// Samples kept in memory over all prompts: 64 MiB.
const CACHED_SAMPLES_MAX: usize = 32 * 1024 * 1024;
/// Prompts being loaded at once.
const LOADS_MAX: usize = 4;

/// Samples at 8 kHz.
pub type Samples = Arc<[i16]>;

/// The loader and its cache.
#[derive(Debug)]
pub struct Prompts {
    /// Root of `object:` keys; below it a folder a tenant.
    objects: PathBuf,
    /// Root of `file:` prompts.
    files: PathBuf,
    speech: Vec<String>,
    https_hosts: Vec<String>,
    client: reqwest::Client,
    loads: Semaphore,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    prompts: HashMap<(TenantId, String), Samples>,
    samples: usize,
}

impl Prompts {
    /// Prompts below `data`: `prompts/` for `file:`; `objects` for `object:`.
    pub fn new(data: &Path, objects: PathBuf, speech: &crate::config::Speech) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(LOAD_MAX)
            // A redirect could lead to a host that is not allowed.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("HTTP client")?;
        Ok(Self {
            objects,
            files: data.join("prompts"),
            speech: speech.command.clone(),
            https_hosts: speech.https_hosts.clone(),
            client,
            loads: Semaphore::new(LOADS_MAX),
            cache: Mutex::default(),
        })
    }

    /// The samples of a prompt.
    pub async fn load(&self, tenant: TenantId, prompt: &str) -> anyhow::Result<Samples> {
        let key = (tenant, prompt.to_owned());
        if let Some(samples) = self.cached(&key) {
            return Ok(samples);
        }
        let _turn = self.loads.acquire().await?;
        if let Some(samples) = self.cached(&key) {
            return Ok(samples);
        }
        let samples = self.read(tenant, prompt).await.with_context(|| format!("prompt {prompt:?}"))?;
        self.keep(key, &samples);
        Ok(samples)
    }

    fn cached(&self, key: &(TenantId, String)) -> Option<Samples> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).prompts.get(key).cloned()
    }

    fn keep(&self, key: (TenantId, String), samples: &Samples) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.samples + samples.len() > CACHED_SAMPLES_MAX {
            // Rare, and whoever is needed is loaded again.
            *cache = Cache::default();
        }
        cache.samples += samples.len();
        cache.prompts.insert(key, samples.clone());
    }

    async fn read(&self, tenant: TenantId, prompt: &str) -> anyhow::Result<Samples> {
        if prompt.starts_with("tone:") {
            return Ok(Tone::parse(prompt)?.samples());
        }
        if let Some(text) = prompt.strip_prefix("say:") {
            return audio(self.speak(text.trim()).await?).await;
        }
        if let Some(name) = prompt.strip_prefix("file:") {
            return audio(read_file(&self.files, name).await?).await;
        }
        if prompt.starts_with("https:") {
            return audio(self.fetch(prompt).await?).await;
        }
        let key = prompt.strip_prefix("object:").unwrap_or(prompt);
        audio(read_file(&self.objects.join(tenant.to_string()), key).await?).await
    }

    /// Speaks by the configured command. The text is one argument, never a piece of a shell line.
    async fn speak(&self, text: &str) -> anyhow::Result<Vec<u8>> {
        ensure!(!text.is_empty() && text.chars().count() <= TEXT_MAX, "a text has 1 to {TEXT_MAX} characters");
        let (program, arguments) = self.speech.split_first().context("no speech command is configured")?;
        let output = Command::new(program).args(arguments).arg(text).stdin(Stdio::null()).kill_on_drop(true).output();
        let output = tokio::time::timeout(LOAD_MAX, output)
            .await
            .with_context(|| format!("{program} took longer than {} s", LOAD_MAX.as_secs()))?
            .with_context(|| format!("{program} could not be run; install it or set speech.command"))?;
        ensure!(output.status.success(), "{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(output.stdout)
    }

    async fn fetch(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        let url = reqwest::Url::parse(url)?;
        let host = url.host_str().unwrap_or_default();
        if !self.https_hosts.iter().any(|allowed| allowed == host) {
            bail!("{host} is not among speech.https_hosts");
        }
        let mut response = self.client.get(url).send().await?.error_for_status()?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            ensure!(bytes.len() + chunk.len() <= FETCH_BYTES_MAX, "larger than {FETCH_BYTES_MAX} bytes");
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

async fn read_file(root: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let path = path_of(root, name).context("unusable name: letters, digits, dashes, dots and slashes only")?;
    let length = tokio::fs::metadata(&path).await?.len();
    ensure!(length <= FILE_BYTES_MAX, "larger than {FILE_BYTES_MAX} bytes");
    Ok(tokio::fs::read(&path).await?)
}

/// Decoding and resampling take a while: not on a thread that serves others.
async fn audio(file: Vec<u8>) -> anyhow::Result<Samples> {
    tokio::task::spawn_blocking(move || Ok(media::wav::read(&file)?.into_prompt()?)).await?
}
