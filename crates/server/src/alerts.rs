//! How people are told of budgets: by mail where a server is configured, and by their webhook.

use anyhow::Context as _;
use api::ports::{Mail, Mailer as _};
use async_trait::async_trait;
use operations::AlertChannels;
use providers::Webhooks;
use serde_json::Value;

use crate::config::Config;
use crate::mail::SmtpMailer;

/// The ways out.
pub struct Channels {
    mailer: Option<SmtpMailer>,
    webhooks: Webhooks,
}

impl Channels {
    /// As configured.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let webhooks = Webhooks::new(config.worker.alerts_allow_private, "ALERTS_ALLOW_PRIVATE");
        Ok(Self { mailer: SmtpMailer::new(&config.smtp)?, webhooks: webhooks.context("webhooks of alerts")? })
    }
}

#[async_trait]
impl AlertChannels for Channels {
    async fn mail(&self, to: &str, subject: &str, text: &str) -> Result<(), String> {
        let Some(mailer) = &self.mailer else { return Err("no mail server is configured (SMTP_HOST)".to_owned()) };
        let mail = Mail { to: to.to_owned(), subject: subject.to_owned(), text: text.to_owned() };
        mailer.send(mail).await.map_err(|error| error.to_string())
    }

    async fn webhook(&self, address: &str, id: &str, message: &Value) -> Result<(), String> {
        self.webhooks.tell(address, id, message).await.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Json, Router, http::HeaderMap, routing::post};
    use domain::{Micros, Seed, TenantId, Timestamp};
    use operations::{
        BudgetAlert, BudgetAlertType, BudgetAlerts, Budgets as _, Ids, Tenant, TenantBudget, TenantScope, TenantStatus,
        Vault, slack_secret,
    };
    use serde_json::json;
    use store::{Store, StoreConfig};

    use super::*;
    use crate::mail::tests::{config, sink};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// A webhook on this machine, and what it heard.
    async fn receiver() -> (String, Arc<Mutex<Vec<(String, Value)>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = heard.clone();
        let router = Router::new().route(
            "/hook",
            post(async move |headers: HeaderMap, Json(message): Json<Value>| {
                let id = headers["webhook-id"].to_str().unwrap().to_owned();
                hearing.lock().unwrap().push((id, message));
                "ok"
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (address, heard)
    }

    async fn store(folder: &tempfile::TempDir, tenant: TenantId) -> Store {
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let (store, _task) = Store::open(&StoreConfig::new(url, [1; 32]), NOW).await.unwrap();
        let acme = Tenant {
            id: tenant,
            name: "Acme".to_owned(),
            slug: "acme".to_owned(),
            domain: None,
            status: TenantStatus::Active,
            time_zone: "UTC".to_owned(),
            concurrent_calls_max: None,
            metadata: json!({}),
            created_at: NOW,
            updated_at: NOW,
        };
        store.directory().tenants.insert_tenant(&acme).await.unwrap();
        store
    }

    #[tokio::test]
    async fn an_alert_goes_out_by_smtp_and_http() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (port, mailed) = sink();
        let (address, heard) = receiver().await;
        let webhooks = Webhooks::new(true, "X").unwrap();
        let channels = Arc::new(Channels { mailer: SmtpMailer::new(&config(port)).unwrap(), webhooks });
        let folder = tempfile::tempdir().unwrap();
        let (ids, mut seed) = (Arc::new(Ids::new(Seed::from_number(7))), Seed::from_number(8));
        let tenant: TenantId = ids.next(NOW);
        let (store, vault) = (store(&folder, tenant).await, Vault::new([5; 32]));
        let budget = TenantBudget {
            daily: Some(Micros(1)),
            alert_emails: vec!["ana@acme.example".to_owned()],
            alert_slack_webhook: vault.seal(&slack_secret(tenant), &address, &mut seed),
            ..TenantBudget::none(tenant, NOW)
        };
        store.save_budget(&budget, None).await.unwrap();
        let alerts = BudgetAlerts::new(store.directory(), ids, vault, channels);
        let alert = BudgetAlert {
            id: tenant.0.into(),
            tenant,
            kind: BudgetAlertType::DailyExceeded,
            period_start: NOW,
            currency: budget.currency,
            threshold: 80,
            current: Micros(2),
            limit: Micros(1),
            sent_via: Vec::new(),
            pending: vec!["slack".to_owned(), "ana@acme.example".to_owned()],
            attempts: 0,
            next_attempt_at: Some(NOW),
            last_error: None,
            created_at: NOW,
        };
        assert!(store.add_alert(&alert).await.unwrap());
        for alert in alerts.take(NOW).await.unwrap() {
            assert_eq!(alerts.tell(alert, NOW).await.unwrap(), None);
        }
        drop(alerts);
        let mail = tokio::task::spawn_blocking(move || mailed.join().unwrap()).await.unwrap();
        assert!(mail.contains("RCPT TO:<ana@acme.example>"), "{mail}");
        assert!(mail.contains("The daily budget of Acme is used up (200.00 %)"), "{mail}");
        let told = &store.alerts(TenantScope::of(tenant), 10).await.unwrap()[0];
        assert_eq!((&told.sent_via, &told.pending), (&vec!["slack".to_owned(), "email".to_owned()], &Vec::new()));
        let heard = heard.lock().unwrap();
        let [(id, message)] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(*id, told.id.to_string());
        assert_eq!(message["attachments"][0]["color"], "danger");
    }
}
