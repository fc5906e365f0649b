//! The relay role: media for proxies that speak rtpengine's ng protocol (the RTPEngine role).

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use domain::Seed;
use relay::ng::NgConfig;
use relay::ports::{PortConfig, PortPool};

use crate::clock::Clock;
use crate::config::Config;
use crate::secrets;
use crate::voice::relay_thread::{self, RelayHandle, RelaySetup};

/// How long a media port rests after a call.
const PORT_REST: Duration = Duration::from_secs(2);
/// What stands for "never" where a time is wanted.
const NEVER: Duration = Duration::from_secs(365 * 86_400);

/// Where proxies reach the relay.
pub fn control_address(config: &Config) -> SocketAddr {
    SocketAddr::new(config.relay.ng_host, config.shifted(config.relay.ng_port))
}

/// The RTP range. Switch and relay of one process share it: whoever binds a pair first has it.
pub fn port_pool(config: &Config, seed: &mut Seed) -> anyhow::Result<PortPool> {
    PortPool::new(&PortConfig {
        first: config.relay.port_first,
        last: config.relay.port_last,
        quarantine: PORT_REST,
        seed: seed.next_u64(),
    })
    .context("relay.port_first .. relay.port_last")
}

/// The media engine's settings.
pub fn engine(config: &Config, seed: &mut Seed) -> relay::Config {
    let silence = Duration::from_secs(config.relay.timeout_seconds.into());
    relay::Config {
        seed: seed.next_u64(),
        timeout_after: if silence.is_zero() { NEVER } else { silence },
        ..relay::Config::default()
    }
}

/// Starts the thread.
pub fn start(config: &Config, clock: Clock) -> anyhow::Result<(RelayHandle, JoinHandle<()>)> {
    let mut seed = Seed::new(secrets::entropy()?);
    let control = control_address(config);
    let setup = RelaySetup {
        control,
        relay: engine(config, &mut seed),
        ng: NgConfig { address: config.advertised_ip(), ..NgConfig::default() },
        ports: port_pool(config, &mut seed)?,
        media_listen: config.host,
        clock,
    };
    let (handle, thread) = relay_thread::start(setup)
        .with_context(|| format!("media control on {control}: is another platform running? Try --port-offset 100"))?;
    tracing::info!(control = %handle.control, "media control for proxies");
    Ok((handle, thread))
}
