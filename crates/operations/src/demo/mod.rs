//! The demo's tenant: numbers, flows, buyers, prices. Everything goes through the same doors as a customer's; only the ids are fixed,
//! so that a restart finds what is there and changes nothing.

mod calls;
mod cast;
mod mode;

use std::{fmt, sync::Arc};

use domain::{
    ApiKeyId, BillingAccountId, BuyerId, CampaignId, Currency, FlowId, Micros, SaleTerms, TenantId, Timestamp, UserId,
};
use routing::{Caps, Filters, Hours};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    ApiKey, ApiKeyStatus, BillingAccount, BillingAccountStatus, Buyer, BuyerStatus, Campaign, CampaignStatus, Carrier,
    CarrierStatus, Directory, Endpoint, EndpointStatus, EndpointType, Entity, FlowError, Flows, Ids, NewToken, Number,
    NumberCapabilities, NumberStatus, Publisher, PublisherStatus, Queue, QueueAgent, RateCard, RateCardStatus,
    Repository, Role, RoutingMode, StoreError, Tenant, TenantScope, TenantStatus, Trunk, TrunkStatus, TrunkType, User,
    UserStatus,
};
pub use calls::{DemoCallError, DemoCalls, DemoStep};
pub use cast::{DEMO_BUYERS, DEMO_NUMBERS, DemoBuyer, DemoNumber};
use cast::{PUBLISHERS, QUEUE};
pub use mode::{DEMO_FLAG, demo_is_on, demo_tenant, switch_demo};

/// The tenant's slug.
pub const DEMO_SLUG: &str = "demo";
/// `inbound` 0.03 a minute and 0.10 a call, `outbound` 0.05 and 0.15, 0.25 a recording (inventory, section 5.1).
const RATES: &str = r#"{
    "inbound": {"perMinute": "0.03", "connectionFee": "0.10"},
    "outbound": {"perMinute": "0.05", "connectionFee": "0.15"},
    "recording": {"perCall": "0.25"}
}"#;
const FLOWS: [&str; 3] = [
    include_str!("../../../../flows/demo-direct.json"),
    include_str!("../../../../flows/demo-ivr.json"),
    include_str!("../../../../flows/demo-busy.json"),
];

/// What the server decides about the demo.
pub struct DemoSetup<'a> {
    /// The owner's address.
    pub email: &'a str,
    /// argon2id, as [`crate::hash_password`] makes it. Used when the owner is new.
    pub password_hash: String,
    /// The key programs sign in with; `None`: no key.
    pub api_key: Option<&'a NewToken>,
    /// Where calls may come from without digest: `127.0.0.1/32`.
    pub source_cidrs: Vec<String>,
    /// The SIP URI of a buyer by its user part (`acme`).
    pub buyer_uri: &'a (dyn Fn(&str) -> String + Sync),
}

impl fmt::Debug for DemoSetup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoSetup").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Why the demo could not be set up.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A flow was refused.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// What is built in is wrong.
    #[error("the demo is wrong: {0}")]
    Wrong(String),
}

/// Sets the demo up, or finds it set up. Answers its tenant. What people changed since stays as they left it, but for where its buyers
/// live and which key opens it.
pub async fn seed_demo(
    directory: &Directory,
    ids: &Arc<Ids>,
    setup: &DemoSetup<'_>,
    now: Timestamp,
) -> Result<TenantId, DemoError> {
    let demo = Demo { directory, scope: TenantScope::of(id("tenant")), now };
    demo.tenant().await?;
    demo.people(setup).await?;
    demo.money().await?;
    for (code, name) in PUBLISHERS {
        demo.publisher(code, name).await?;
    }
    demo.trunk(setup).await?;
    for buyer in &DEMO_BUYERS {
        demo.buyer(buyer, (setup.buyer_uri)(buyer.user)).await?;
    }
    demo.queue((setup.buyer_uri)(QUEUE.agent)).await?;
    let flows = demo.flows(ids).await?;
    for number in &DEMO_NUMBERS {
        let (_, flow) = flows
            .iter()
            .find(|(key, _)| key == number.flow)
            .ok_or_else(|| DemoError::Wrong(format!("no flow {}", number.flow)))?;
        demo.number(number, *flow).await?;
    }
    Ok(demo.scope.tenant())
}

/// The same id for the same name in every installation: 122 bits of a hash (RFC 9562, section 5.8).
fn id<T: From<Uuid>>(name: &str) -> T {
    let digest = Sha256::digest(format!("hopwhistle demo {name}"));
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, hashed)| *byte = hashed);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().into()
}

struct Demo<'a> {
    directory: &'a Directory,
    scope: TenantScope,
    now: Timestamp,
}

/// Writes `entity` unless one with its id is there; answers what is there.
async fn ensure<E: Entity>(
    repository: &Arc<dyn Repository<E>>,
    scope: TenantScope,
    id: E::Id,
    entity: E,
) -> Result<E, StoreError> {
    if let Some(found) = repository.find(scope, id).await? {
        return Ok(found);
    }
    repository.insert(scope, &entity).await?;
    Ok(entity)
}

impl Demo<'_> {
    async fn tenant(&self) -> Result<(), StoreError> {
        let tenant = self.scope.tenant();
        if self.directory.tenants.find_tenant(tenant).await?.is_some() {
            return Ok(());
        }
        let tenant = Tenant {
            id: tenant,
            name: "Demo".into(),
            slug: DEMO_SLUG.into(),
            domain: None,
            status: TenantStatus::Active,
            time_zone: "America/New_York".into(),
            concurrent_calls_max: None,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        self.directory.tenants.insert_tenant(&tenant).await
    }

    async fn people(&self, setup: &DemoSetup<'_>) -> Result<(), StoreError> {
        let user: UserId = id("user");
        let owner = User {
            id: user,
            tenant: self.scope.tenant(),
            email: setup.email.to_lowercase(),
            password_hash: setup.password_hash.clone(),
            first_name: Some("Demo".into()),
            last_name: Some("Owner".into()),
            status: UserStatus::Active,
            roles: vec![Role::Owner],
            custom_roles: Vec::new(),
            publisher: None,
            buyer: None,
            must_change_password: false,
            password_changed_at: Some(self.now),
            invited_at: None,
            last_login_at: None,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.users, self.scope, user, owner).await?;
        let Some(token) = setup.api_key else { return Ok(()) };
        let key: ApiKeyId = id("api key");
        let new = ApiKey {
            id: key,
            tenant: self.scope.tenant(),
            name: "Demo".into(),
            key_hash: token.hash.clone(),
            prefix: token.prefix.clone(),
            status: ApiKeyStatus::Active,
            scopes: vec!["admin:*".into()],
            publisher: None,
            buyer: None,
            created_by: Some(user),
            rotated_to: None,
            rate_limit_per_minute: Some(60_000),
            last_used_at: None,
            expires_at: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let found = ensure(&self.directory.api_keys, self.scope, key, new).await?;
        if found.key_hash != token.hash {
            let renewed = ApiKey { key_hash: token.hash.clone(), prefix: token.prefix.clone(), ..found };
            self.directory.api_keys.save(self.scope, &renewed, self.now).await?;
        }
        Ok(())
    }

    async fn money(&self) -> Result<(), DemoError> {
        let account: BillingAccountId = id("billing account");
        let new = BillingAccount {
            id: account,
            tenant: self.scope.tenant(),
            name: "Demo account".into(),
            status: BillingAccountStatus::Active,
            currency: Currency::USD,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.billing_accounts, self.scope, account, new).await?;
        let card = RateCard {
            id: id("rate card"),
            tenant: self.scope.tenant(),
            account,
            name: "Demo prices".into(),
            effective_from: Timestamp::from_secs(0),
            effective_to: None,
            status: RateCardStatus::Active,
            rates: billing::Rates::parse(RATES).map_err(|faults| DemoError::Wrong(format!("rates: {faults:?}")))?,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.rate_cards, self.scope, card.id, card).await?;
        Ok(())
    }

    async fn publisher(&self, code: &str, name: &str) -> Result<(), StoreError> {
        let publisher = Publisher {
            id: id(code),
            tenant: self.scope.tenant(),
            name: name.into(),
            code: code.into(),
            status: PublisherStatus::Active,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.publishers, self.scope, publisher.id, publisher).await.map(drop)
    }

    async fn trunk(&self, setup: &DemoSetup<'_>) -> Result<(), StoreError> {
        let carrier = Carrier {
            id: id("carrier"),
            tenant: self.scope.tenant(),
            name: "Loopback carrier".into(),
            code: "LOOPBACK".into(),
            status: CarrierStatus::Active,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        let carrier = ensure(&self.directory.carriers, self.scope, carrier.id, carrier).await?;
        let trunk = Trunk {
            id: id("trunk"),
            tenant: self.scope.tenant(),
            carrier: carrier.id,
            name: "This machine".into(),
            kind: TrunkType::Sip,
            host: "127.0.0.1".into(),
            port: 5_070,
            source_cidrs: setup.source_cidrs.clone(),
            digest_username: None,
            digest_realm: None,
            digest_ha1_md5: None,
            digest_ha1_sha256: None,
            outbound: None,
            concurrent_calls_max: None,
            status: TrunkStatus::Active,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.trunks, self.scope, trunk.id, trunk).await.map(drop)
    }

    async fn buyer(&self, cast: &DemoBuyer, uri: String) -> Result<(), StoreError> {
        let buyer: BuyerId = id(&format!("buyer {}", cast.user));
        let new = Buyer {
            id: buyer,
            tenant: self.scope.tenant(),
            publisher: id(PUBLISHERS[0].0),
            name: cast.name.into(),
            code: cast.user.into(),
            status: BuyerStatus::Active,
            caps: Caps { concurrency: Some(cast.calls_at_once), daily: Some(100_000), ..Caps::NONE },
            time_zone: "America/New_York".into(),
            // No span on any day: never open.
            hours: (!cast.is_open).then(Hours::default),
            filters: Filters::default(),
            weight: 1,
            priority: cast.priority,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.buyers, self.scope, buyer, new).await?;
        let endpoint = Endpoint {
            id: id(&format!("endpoint {}", cast.user)),
            tenant: self.scope.tenant(),
            buyer,
            kind: EndpointType::Sip,
            destination: uri.clone(),
            trunk: None,
            priority: 0,
            status: EndpointStatus::Active,
            caps: Caps::NONE,
            hours: None,
            terms: SaleTerms {
                currency: Currency::USD,
                revenue: Micros::from_units(cast.revenue_units),
                revenue_after_ms: 5_000,
                payout: Micros::from_units(cast.payout_units),
                payout_after_ms: 5_000,
            },
            ring_timeout_ms: cast.ring_timeout_ms,
            duration_max_ms: None,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        let found = ensure(&self.directory.endpoints, self.scope, endpoint.id, endpoint).await?;
        if found.destination != uri {
            let moved = Endpoint { destination: uri, ..found };
            self.directory.endpoints.save(self.scope, &moved, self.now).await?;
        }
        Ok(())
    }

    async fn queue(&self, uri: String) -> Result<(), StoreError> {
        let agents = vec![QueueAgent { name: QUEUE.agent.into(), destination: uri, wrap_up_seconds: 0, id: None }];
        let queue = Queue {
            id: id("queue"),
            tenant: self.scope.tenant(),
            name: QUEUE.name.into(),
            size_max: 10,
            agents: agents.clone(),
            music: None,
            timeout_seconds: None,
            members: Vec::new(),
            skills: Vec::new(),
            created_at: self.now,
            updated_at: self.now,
        };
        let found = ensure(&self.directory.queues, self.scope, queue.id, queue).await?;
        if found.agents != agents {
            self.directory.queues.save(self.scope, &Queue { agents, ..found }, self.now).await?;
        }
        Ok(())
    }

    /// Saves and publishes each flow unless that very document is published. Answers key and id.
    async fn flows(&self, ids: &Arc<Ids>) -> Result<Vec<(String, FlowId)>, DemoError> {
        let flows = Flows::new(self.directory.clone(), Arc::clone(ids));
        let mut known = Vec::new();
        for text in FLOWS {
            let document: Value = serde_json::from_str(text).map_err(|error| DemoError::Wrong(error.to_string()))?;
            let key = document.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let found = flows.find_by_key(self.scope, &key).await?;
            if let Some(flow) = found {
                let versions = self.directory.flow_versions.list_versions(self.scope, flow.id).await?;
                if versions.iter().any(|version| version.published_at.is_some() && version.document == document) {
                    known.push((key, flow.id));
                    continue;
                }
            }
            let (flow, version) = flows.save(self.scope, &document, Some(id("user")), self.now).await?;
            flows.publish(self.scope, flow.id, version.version, self.now).await?;
            known.push((key, flow.id));
        }
        Ok(known)
    }

    async fn number(&self, cast: &DemoNumber, flow: FlowId) -> Result<(), DemoError> {
        let campaign: CampaignId = id(&format!("campaign {}", cast.name));
        let new = Campaign {
            id: campaign,
            tenant: self.scope.tenant(),
            publisher: id(cast.publisher),
            name: cast.title.into(),
            status: CampaignStatus::Active,
            routing_mode: RoutingMode::Static,
            strategy: Some(cast.strategy),
            buyers: cast.buyers.iter().map(|user| id(&format!("buyer {user}"))).collect(),
            payout: None,
            flow: Some(flow),
            time_zone: None,
            record: cast.record,
            caller_id_pool: None,
            intro_audio: None,
            metadata: json!({}),
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.campaigns, self.scope, campaign, new).await?;
        let number = Number {
            id: id(&format!("number {}", cast.name)),
            tenant: self.scope.tenant(),
            number: cast.number.parse().map_err(|error| DemoError::Wrong(format!("{}: {error}", cast.number)))?,
            provider: Some("local".into()),
            provider_id: None,
            friendly_name: None,
            region: None,
            monthly_price: None,
            import_source: None,
            import_hash: None,
            carrier: Some(id("carrier")),
            trunk: Some(id("trunk")),
            campaign: Some(campaign),
            status: NumberStatus::Active,
            capabilities: NumberCapabilities::default(),
            metadata: json!({ "name": cast.name }),
            purchased_at: Some(self.now),
            released_at: None,
            created_at: self.now,
            updated_at: self.now,
        };
        ensure(&self.directory.numbers, self.scope, number.id, number).await?;
        Ok(())
    }
}
