//! A real database file and a world to call in.
#![allow(dead_code, clippy::allow_attributes, clippy::unwrap_used, reason = "each test file uses its part")]

use std::sync::Arc;

use domain::*;
use operations::*;
use routing::{Caps, Filters};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use serde_json::json;
use store::{Store, StoreConfig, WriterTask};
use tempfile::TempDir;

pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + seconds)
}

pub struct World {
    pub folder: TempDir,
    pub store: Store,
    pub writer: WriterTask,
    pub directory: Directory,
    pub ids: Arc<Ids>,
    pub tenant: Tenant,
    pub scope: TenantScope,
    pub publisher: Publisher,
}

/// A PostgreSQL server to make databases on, `postgres://user@host:port`. Without it the tests run on SQLite. `scripts/with-postgres`
/// starts one and sets it.
const SERVER: &str = "HOPWHISTLE_TEST_POSTGRES";

/// A database of this folder's own.
pub fn config(folder: &TempDir) -> StoreConfig {
    let Ok(server) = std::env::var(SERVER) else {
        return StoreConfig::new(format!("sqlite://{}", folder.path().join("test.db").display()), [7; 32]);
    };
    let name: String = folder.path().display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    StoreConfig::new(format!("{server}/{name}"), [7; 32])
}

/// A connection beside the platform's, which works for all tenants like those.
pub async fn beside(config: &StoreConfig) -> DatabaseConnection {
    let mut options = ConnectOptions::new(&config.url);
    options.map_sqlx_postgres_opts(|postgres| postgres.options([("hopwhistle.tenant", "platform")]));
    Database::connect(options).await.unwrap()
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, writer) = Store::open(&config(&folder), NOW).await.unwrap();
        let directory = store.directory();
        let ids = Arc::new(Ids::new(Seed::from_number(1)));
        let tenant = tenant(&ids, "acme");
        directory.tenants.insert_tenant(&tenant).await.unwrap();
        let scope = TenantScope::of(tenant.id);
        let publisher = publisher(&ids, tenant.id, "PUB");
        directory.publishers.insert(scope, &publisher).await.unwrap();
        Self { folder, store, writer, directory, ids, tenant, scope, publisher }
    }

    /// The same file, as a new process finds it.
    pub async fn reopened(self) -> Self {
        let Self { folder, store, writer, directory, ids, tenant, scope, publisher } = self;
        drop((store, directory));
        writer.finished().await;
        let (store, writer) = Store::open(&config(&folder), NOW).await.unwrap();
        let directory = store.directory();
        Self { folder, store, writer, directory, ids, tenant, scope, publisher }
    }

    pub async fn buyer(&self, code: &str, caps: Caps) -> (Buyer, Endpoint) {
        let buyer = Buyer {
            id: self.ids.next(NOW),
            tenant: self.tenant.id,
            publisher: self.publisher.id,
            name: code.into(),
            code: code.into(),
            status: BuyerStatus::Active,
            caps,
            time_zone: "UTC".into(),
            hours: None,
            filters: Filters::default(),
            weight: 1,
            priority: 0,
            metadata: json!({}),
            created_at: NOW,
            updated_at: NOW,
        };
        self.directory.buyers.insert(self.scope, &buyer).await.unwrap();
        let endpoint = Endpoint {
            id: self.ids.next(NOW),
            tenant: self.tenant.id,
            buyer: buyer.id,
            kind: EndpointType::Sip,
            destination: format!("sip:{code}@127.0.0.1:5090"),
            trunk: None,
            priority: 0,
            status: EndpointStatus::Active,
            caps: Caps::NONE,
            hours: None,
            terms: terms(),
            ring_timeout_ms: Some(20_000),
            duration_max_ms: None,
            metadata: json!({}),
            created_at: NOW,
            updated_at: NOW,
        };
        self.directory.endpoints.insert(self.scope, &endpoint).await.unwrap();
        (buyer, endpoint)
    }

    pub async fn rate_card(&self) -> BillingAccount {
        let account = BillingAccount {
            id: self.ids.next(NOW),
            tenant: self.tenant.id,
            name: "main".into(),
            status: BillingAccountStatus::Active,
            currency: Currency::USD,
            metadata: json!({}),
            created_at: NOW,
            updated_at: NOW,
        };
        self.directory.billing_accounts.insert(self.scope, &account).await.unwrap();
        let rates = r#"{"inbound":{"perMinute":0.03,"connectionFee":0.10},"recording":{"perCall":0.25}}"#;
        let card = RateCard {
            id: self.ids.next(NOW),
            tenant: self.tenant.id,
            account: account.id,
            name: "card".into(),
            effective_from: Timestamp::from_secs(0),
            effective_to: None,
            status: RateCardStatus::Active,
            rates: billing::Rates::parse(rates).unwrap(),
            metadata: json!({}),
            created_at: NOW,
            updated_at: NOW,
        };
        self.directory.rate_cards.insert(self.scope, &card).await.unwrap();
        account
    }

    /// An inbound call of 125 s, 120 s of them sold, recorded, as its events.
    pub fn call(&self, sale: Option<(&Buyer, &Endpoint, LeaseId)>) -> Vec<CallEvent> {
        let (call, leg, recording) = (self.ids.next(NOW), self.ids.next(NOW), self.ids.next(NOW));
        let started = StartedCall {
            direction: Direction::Inbound,
            from: "+12125550100".into(),
            to: "+15551234567".into(),
            caller_name: None,
            trunk: None,
            attestation: Attestation::None,
            identity_claim: None,
            agent: None,
            number: None,
            campaign: None,
            publisher: Some(self.publisher.id),
            flow: None,
            flow_version: None,
            sip_call_id: format!("{call}@test"),
            switch: SwitchId(uuid::Uuid::from_u128(1)),
        };
        let mut story = vec![(0, What::Started(Box::new(started))), (1, What::Answered)];
        if let Some((buyer, endpoint, lease)) = sale {
            let dialled = What::LegStarted {
                leg,
                role: LegRole::Buyer,
                destination: endpoint.destination.clone(),
                buyer: Some(buyer.id),
                endpoint: Some(endpoint.id),
                lease: Some(lease),
                terms: Some(endpoint.terms),
                trunk: None,
                agent: None,
            };
            story.extend([
                (2, dialled),
                (3, What::LegRinging { leg, early_media: false }),
                (6, What::LegAnswered { leg }),
                (6, What::Bridged { leg }),
                (6, What::RecordingStarted { recording, key: "a.wav".into(), channels: 2 }),
                (126, What::LegEnded { leg, by: Party::Callee }),
            ]);
        }
        let ended = What::Ended { cause: EndCause::Normal, by: Party::Callee, sip_status: None, detail: None };
        story.push((126, ended));
        if sale.is_some() {
            story.push((127, What::RecordingFinished { recording, duration_ms: 120_000, bytes: 3_840_044 }));
        }
        let event =
            |((second, what), sequence)| CallEvent { tenant: self.tenant.id, call, sequence, at: at(second), what };
        story.into_iter().zip(0..).map(event).collect()
    }
}

pub fn terms() -> SaleTerms {
    SaleTerms {
        currency: Currency::USD,
        revenue: Micros::from_units(20),
        revenue_after_ms: 90_000,
        payout: Micros::from_units(12),
        payout_after_ms: 60_000,
    }
}

pub fn tenant(ids: &Ids, slug: &str) -> Tenant {
    Tenant {
        id: ids.next(NOW),
        name: slug.to_uppercase(),
        slug: slug.into(),
        domain: None,
        status: TenantStatus::Active,
        time_zone: "UTC".into(),
        concurrent_calls_max: None,
        metadata: json!({"key": "value"}),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub fn publisher(ids: &Ids, tenant: TenantId, code: &str) -> Publisher {
    Publisher {
        id: ids.next(NOW),
        tenant,
        name: format!("Publisher {code}"),
        code: code.into(),
        status: PublisherStatus::Active,
        metadata: json!({}),
        created_at: NOW,
        updated_at: NOW,
    }
}
