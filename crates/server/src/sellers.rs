//! Who sells telephone numbers here, and who is asked about them.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use domain::Seed;
use operations::{Ids, LocalNumbers, LookupProvider, Lookups, NumberProvider, Provisioning};
use providers::{
    Bandwidth, BandwidthAccount, SignalWire, SignalWireAccount, Telnyx, TelnyxAccount, Twilio, TwilioAccount,
};
use store::Store;

use crate::config::{Lookups as LookupConfig, Numbers};

/// The use cases with every provider, those without an account too: their names are known then.
pub fn provisioning(config: &Numbers, store: &Store, ids: &Arc<Ids>, seed: Seed) -> anyhow::Result<Provisioning> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let signalwire = SignalWireAccount {
        project_id: text(&config.signalwire_project_id),
        api_token: text(&config.signalwire_api_token),
        space_url: text(&config.signalwire_space_url),
    };
    let telnyx = telnyx_account(config);
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

/// The longest an answer is kept, seconds: a year.
const KEPT_SECONDS_MAX: u32 = 31_536_000;

fn telnyx_account(config: &Numbers) -> TelnyxAccount {
    TelnyxAccount {
        api_key: config.telnyx_api_key.clone().unwrap_or_default(),
        connection_id: config.telnyx_connection_id.clone().unwrap_or_default(),
        base_url: None,
    }
}

/// Who is asked about numbers, those without an account too.
pub fn lookups(config: &LookupConfig, numbers: &Numbers, store: &Store) -> anyhow::Result<Lookups> {
    let twilio = TwilioAccount {
        api_key: config.twilio_api_key.clone().unwrap_or_default(),
        api_secret: config.twilio_api_secret.clone().unwrap_or_default(),
        base_url: None,
    };
    let asked: Vec<Arc<dyn LookupProvider>> = vec![
        Arc::new(Twilio::new(&twilio).context("lookups.twilio")?),
        Arc::new(Telnyx::new(&telnyx_account(numbers)).context("numbers.telnyx")?),
    ];
    if let Some(name) = &config.default_provider {
        let known = asked.iter().find(|one| one.name() == name);
        let one =
            known.with_context(|| format!("lookups.default_provider is {name:?}; it must be twilio or telnyx"))?;
        anyhow::ensure!(one.is_configured(), "lookups.default_provider is {name:?}, whose account is not configured");
    }
    anyhow::ensure!(
        (1..=KEPT_SECONDS_MAX).contains(&config.kept_seconds),
        "lookups.kept_seconds must be 1 to {KEPT_SECONDS_MAX}"
    );
    let kept = Duration::from_secs(config.kept_seconds.into());
    Ok(Lookups::new(store.directory(), Arc::new(store.clone()), asked, config.default_provider.clone(), kept))
}
