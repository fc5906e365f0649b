//! The edge role: admits, authenticates and forwards SIP (the Kamailio role).

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use domain::Attestation;
use edge::{Cidr, Trunk, TrunkTable};
use operations::Voice;
use sip::digest::Ha1;

use crate::clock::Clock;
use crate::config::Config;
use crate::secrets;
use crate::voice::edge_thread::{self, EdgeHandle};

/// Names waiting for the resolver.
const LOOKUPS_MAX: usize = 1_024;
/// How soon a changed trunk is in force.
const TRUNKS_EVERY: Duration = Duration::from_millis(500);

/// Starts the thread and everything it needs from the async side.
pub fn start(config: &Config, secret: &[u8], clock: Clock) -> anyhow::Result<(EdgeHandle, JoinHandle<()>)> {
    let local = config.listen(config.edge.port);
    let mut settings = edge::Config::new(local, config.advertised(config.switch.port), secret);
    settings.public = config.advertised(config.edge.port);
    settings.internal = config.advertised(config.edge.port);
    if !config.edge.switch_nodes.is_empty() {
        settings.switch_nodes.clone_from(&config.edge.switch_nodes);
    }
    settings.flood.per_second = config.edge.requests_per_second;
    let (lookups, wanted) = tokio::sync::mpsc::channel(LOOKUPS_MAX);
    let (handle, thread) = edge_thread::start(settings, secrets::entropy()?, lookups, clock)
        .with_context(|| format!("SIP on {local}: is another platform running? Try --port-offset 100"))?;
    tokio::spawn(edge_thread::resolve(wanted, handle.clone()));
    Ok((handle, thread))
}

/// Keeps the edge's trunks those of the routing snapshot.
pub async fn keep_trunks(voice: Arc<Voice>, edge: EdgeHandle) {
    let mut known = None;
    loop {
        let snapshot = voice.snapshot();
        if !known.as_ref().is_some_and(|known| Arc::ptr_eq(known, &snapshot)) {
            edge.set_trunks(TrunkTable::new(snapshot.trunks().filter_map(trunk).collect(), snapshot.owners()));
            known = Some(snapshot);
        }
        tokio::time::sleep(TRUNKS_EVERY).await;
    }
}

/// A stored trunk in the edge's words. `None` when nobody could come over it.
fn trunk(stored: &operations::Trunk) -> Option<Trunk> {
    let addresses: Vec<Cidr> = stored
        .source_cidrs
        .iter()
        .filter_map(|text| match text.parse() {
            Ok(cidr) => Some(cidr),
            Err(error) => {
                tracing::error!(trunk = %stored.id, %text, %error, "address of a trunk is left out");
                None
            }
        })
        .collect();
    let stored_hash =
        |token: &str, hex: &Option<String>| hex.as_ref().and_then(|hex| Ha1::from_storage(&format!("{token}:{hex}")));
    let hashes: Vec<Ha1> =
        [stored_hash("SHA-256", &stored.digest_ha1_sha256), stored_hash("MD5", &stored.digest_ha1_md5)]
            .into_iter()
            .flatten()
            .collect();
    let digest = stored.digest_username.as_ref().filter(|_| !hashes.is_empty());
    let digest = digest.map(|name| (name.as_bytes().to_vec(), hashes));
    if addresses.is_empty() && digest.is_none() {
        // An edge trunk without either would let everybody in.
        return None;
    }
    Some(Trunk {
        id: stored.id,
        tenant: stored.tenant,
        enabled: true,
        addresses,
        digest,
        attestation: Attestation::None,
    })
}
