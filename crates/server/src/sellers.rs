//! Who sells telephone numbers here.

use std::sync::Arc;

use anyhow::Context as _;
use domain::Seed;
use operations::{Ids, LocalNumbers, NumberProvider, Provisioning};
use providers::{Bandwidth, BandwidthAccount, SignalWire, SignalWireAccount, Telnyx, TelnyxAccount};
use store::Store;

use crate::config::Numbers;

/// The use cases with every provider, those without an account too: their names are known then.
pub fn provisioning(config: &Numbers, store: &Store, ids: &Arc<Ids>, seed: Seed) -> anyhow::Result<Provisioning> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let signalwire = SignalWireAccount {
        project_id: text(&config.signalwire_project_id),
        api_token: text(&config.signalwire_api_token),
        space_url: text(&config.signalwire_space_url),
    };
    let telnyx = TelnyxAccount {
        api_key: text(&config.telnyx_api_key),
        connection_id: text(&config.telnyx_connection_id),
        base_url: None,
    };
    let bandwidth = BandwidthAccount {
        account_id: text(&config.bandwidth_account_id),
        username: text(&config.bandwidth_username),
        password: text(&config.bandwidth_password),
        site_id: text(&config.bandwidth_site_id),
        base_url: None,
    };
    let sellers: Vec<Arc<dyn NumberProvider>> = vec![
        Arc::new(SignalWire::new(&signalwire).context("numbers.signalwire")?),
        Arc::new(Telnyx::new(&telnyx).context("numbers.telnyx")?),
        Arc::new(Bandwidth::new(&bandwidth).context("numbers.bandwidth")?),
        Arc::new(LocalNumbers::new(seed)),
    ];
    if let Some(name) = &config.default_provider {
        let known = sellers.iter().find(|seller| seller.name() == name);
        let seller = known.with_context(|| {
            let names: Vec<&str> = sellers.iter().map(|seller| seller.name()).collect();
            format!("numbers.default_provider is {name:?}; it must be one of {}", names.join(", "))
        })?;
        anyhow::ensure!(
            seller.is_configured(),
            "numbers.default_provider is {name:?}, whose account is not configured"
        );
    }
    let orders = Arc::new(store.clone());
    Ok(Provisioning::new(store.directory(), orders, sellers, config.default_provider.clone(), Arc::clone(ids)))
}
