//! The demo: a tenant, a user, numbers and flows in the store, buyers on real sockets, and `demo.json` that says where.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use domain::{Seed, TenantId};
use operations::{DEMO_NUMBERS, DemoSetup, Directory, Ids, NewToken, hash_password, new_token, seed_demo, token_hash};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::config::Config;
use crate::roles::phone::{DEMO_BUYERS, DemoBuyers};
use crate::secrets;
use crate::voice::prompts::Prompts;

/// Who signs in.
const EMAIL: &str = "demo@hopwhistle.local";
/// Letters of the demo's password, drawn at its first start.
const PASSWORD_LETTERS: usize = 16;
/// First port of the demo's buyers; further ones follow.
const BUYERS_PORT: u16 = 5_110;
/// Where `demo.json` is.
const FILE: &str = "demo.json";

/// What `demo.json` says (mode 0600: it opens the demo).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DemoFile {
    pub api_url: String,
    pub web_url: String,
    pub sip_uri: String,
    pub api_key: String,
    pub email: String,
    pub password: String,
    pub numbers: BTreeMap<String, String>,
}

impl DemoFile {
    /// Reads it from the data folder.
    pub fn read(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(FILE);
        let text = fs::read(&path)
            .with_context(|| format!("{}: start the demo first with `hopwhistle up --demo`", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))
    }
}

/// The running demo.
#[derive(Debug)]
pub struct Demo {
    pub file: DemoFile,
    /// They answer as long as this is kept.
    pub buyers: DemoBuyers,
}

/// Sets it up, or finds it set up, and starts its buyers.
pub async fn start(
    config: &Config,
    directory: &Directory,
    ids: &Arc<Ids>,
    clock: Clock,
    seed: &mut Seed,
) -> anyhow::Result<Demo> {
    let known = DemoFile::read(&config.data).ok();
    let password = known.as_ref().map_or_else(|| draw_password(seed), |file| file.password.clone());
    let api_key = known.as_ref().map_or_else(|| new_token("hw_", seed), |file| token_of(&file.api_key));
    let buyers = start_buyers(config, clock).await?;
    let addresses = buyers.addresses.clone();
    let buyer_uri = move |user: &str| {
        let place = DEMO_BUYERS.iter().position(|buyer| buyer.user == user).and_then(|place| addresses.get(place));
        // A buyer without a phone of its own is closed in the demo and never called.
        place.map_or_else(|| format!("sip:{user}@127.0.0.1:9"), |address| format!("sip:{user}@{address}"))
    };
    let setup = DemoSetup {
        email: EMAIL,
        password_hash: hash_password(&password, seed)?,
        api_key: Some(&api_key),
        source_cidrs: vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
        buyer_uri: &buyer_uri,
    };
    let _tenant: TenantId = seed_demo(directory, ids, &setup, clock.now()).await?;
    let numbers = DEMO_NUMBERS.iter().map(|number| (number.name.to_owned(), number.number.to_owned())).collect();
    let file = DemoFile {
        api_url: format!("http://{}", config.advertised(config.api.port)),
        web_url: format!("http://{}", config.advertised(config.web.port)),
        sip_uri: format!("sip:{}", config.advertised(config.edge.port)),
        api_key: api_key.token.clone(),
        email: EMAIL.to_owned(),
        password,
        numbers,
    };
    secrets::write_private(&config.data.join(FILE), &serde_json::to_vec_pretty(&file)?)?;
    Ok(Demo { file, buyers })
}

/// The buyers speak through the platform's own speech command; where there is none they say their tones only.
async fn start_buyers(config: &Config, clock: Clock) -> anyhow::Result<DemoBuyers> {
    let prompts = Prompts::new(&config.data, config.objects(), &config.speech)?;
    let mut spoken = BTreeMap::new();
    for buyer in DEMO_BUYERS.iter().filter(|buyer| !buyer.says.is_empty()) {
        match prompts.load(TenantId(uuid::Uuid::nil()), &format!("say:{}", buyer.says)).await {
            Ok(samples) => drop(spoken.insert(buyer.says, samples)),
            Err(error) => {
                tracing::warn!("the demo's buyers do not speak: {error:#}");
                break;
            }
        }
    }
    let first = SocketAddr::new(config.advertised_ip(), config.shifted(BUYERS_PORT));
    let started =
        tokio::task::spawn_blocking(move || DemoBuyers::start(clock, first, |text| spoken.get(text).cloned()));
    started.await?.with_context(|| format!("the demo's buyers on {first} and the ports behind"))
}

fn token_of(token: &str) -> NewToken {
    NewToken { token: token.to_owned(), hash: token_hash(token), prefix: token.chars().take(8).collect() }
}

/// Without letters that are easily confused.
fn draw_password(seed: &mut Seed) -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let letter = |seed: &mut Seed| {
        let place = usize::try_from(seed.below(LETTERS.len() as u64)).unwrap_or(0);
        LETTERS.get(place).map_or('x', |letter| char::from(*letter))
    };
    (0..PASSWORD_LETTERS).map(|_| letter(seed)).collect()
}
