//! Who is told when a budget is nearly or wholly used up: once, whatever dies in between.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use domain::{CallEvent, CallId, EndCause, Party, Seed, StartedCall, SwitchId, What};
use operations::{AlertChannels, BudgetAlerts, EventLog as _, Ids, Jobs as _, Settle, Vault};
use serde_json::{Value, json};
use store::{Store, StoreConfig};

use crate::support::{Client, Platform};

const MINUTE: Duration = Duration::from_secs(60);
/// Longer than a worker may sit on an alert, and than any wait between tries.
const LATER: Duration = Duration::from_hours(1);

/// A webhook on this machine: what it heard, and what it answers.
#[derive(Clone)]
struct Receiver {
    address: String,
    heard: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<StatusCode>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/services/secret", listener.local_addr().unwrap());
        let receiver = Self { address, heard: Arc::default(), answers: Arc::new(Mutex::new(StatusCode::OK)) };
        let hear = async |State(receiver): State<Self>, Json(message): Json<Value>| {
            let answer = *receiver.answers.lock().unwrap();
            if answer.is_success() {
                receiver.heard.lock().unwrap().push(message);
            }
            (answer, "what answers is nobody's to know")
        };
        let router = Router::new().route("/services/secret", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// Types of what was heard, in order.
    fn types(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let kind = |message: &Value| message["attachments"][0]["fields"][0]["value"].as_str().unwrap().to_owned();
        heard.iter().map(kind).collect()
    }

    fn answers(&self, status: u16) {
        *self.answers.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }
}

/// The real way to webhooks; mails are kept.
struct Channels {
    webhooks: providers::Webhooks,
    mails: Mutex<Vec<(String, String)>>,
}

#[async_trait]
impl AlertChannels for Channels {
    async fn mail(&self, to: &str, subject: &str, _: &str) -> Result<(), String> {
        self.mails.lock().unwrap().push((to.to_owned(), subject.to_owned()));
        Ok(())
    }

    async fn webhook(&self, address: &str, id: &str, message: &Value) -> Result<(), String> {
        self.webhooks.tell(address, id, message).await.map_err(|error| error.to_string())
    }
}

/// A platform with a rate card, a budget whose webhook is on this machine, and what workers work with.
struct Budgeted {
    platform: Platform,
    receiver: Receiver,
    channels: Arc<Channels>,
}

impl Budgeted {
    async fn new(budget: Value) -> Self {
        let platform = Platform::new().await;
        platform.rate_card().await;
        let webhooks = providers::Webhooks::new(true, "X").unwrap();
        let channels = Arc::new(Channels { webhooks, mails: Mutex::default() });
        let budgeted = Self { platform, receiver: Receiver::start().await, channels };
        let to = json!({"alertEmails": ["ana@acme.example", "bob@acme.example"], "alertSlackWebhook": budgeted.receiver.address});
        budgeted.patch(to).await;
        budgeted.patch(budget).await;
        budgeted
    }

    async fn operator(&self) -> Client<'_> {
        self.platform.client(self.platform.tenant, &["platform:admin"]).await
    }

    async fn patch(&self, budget: Value) {
        let path = format!("/admin/api/v1/tenants/{}/budget", self.platform.tenant);
        self.operator().await.patch(&path, budget).await.expect(200);
    }

    async fn shown(&self) -> Value {
        self.platform.admin().await.get("/api/v1/budget").await.expect(200).json()
    }

    /// A call of so many minutes, charged 0.05 each.
    async fn charge(&self, minutes: u32) {
        let (platform, call, switch) = (&self.platform, self.platform.id::<CallId>(), self.platform.id::<SwitchId>());
        let started = StartedCall::unrouted("+15551230001", "+15551234567", "abc@example", switch);
        let ended = What::Ended { cause: EndCause::Normal, by: Party::Callee, sip_status: None, detail: None };
        let (begun, over) = (platform.now(), platform.now().after(MINUTE * minutes));
        let events = [(begun, What::Started(Box::new(started))), (begun, What::Answered), (over, ended)];
        let events = events.into_iter().zip(0..);
        let event = |((at, what), sequence)| CallEvent { tenant: platform.tenant, call, sequence, at, what };
        platform.store.append(events.map(event).collect()).await.unwrap();
        platform.clock.advance(MINUTE * minutes);
        let store = Arc::new(platform.store.clone());
        let seed = Seed::from_number(platform.now().micros().unsigned_abs());
        let settle = Settle::new(store.clone(), platform.bus.clone(), Arc::new(Ids::new(seed)));
        let jobs = store.take_jobs(platform.now(), MINUTE, 10).await.unwrap();
        assert_eq!(settle.settle(&jobs, platform.now()).await.unwrap().settled, 1);
    }

    /// A worker, with its own connections.
    async fn worker(&self, seed: u64) -> BudgetAlerts {
        let config = StoreConfig::new(crate::support::database(&self.platform.folder), [1; 32]);
        let (store, _task) = Store::open(&config, self.platform.now()).await.unwrap();
        let ids = Arc::new(Ids::new(Seed::from_number(seed)));
        BudgetAlerts::new(store.directory(), ids, Vault::new([5; 32]), self.channels.clone())
    }

    /// One round of a worker; answers how many alerts it had to tell.
    async fn round(&self, worker: &BudgetAlerts) -> usize {
        let now = self.platform.now();
        worker.notice(now).await.unwrap();
        let taken = worker.take(now).await.unwrap();
        for alert in &taken {
            worker.tell(alert.clone(), now).await.unwrap();
        }
        taken.len()
    }
}

#[tokio::test]
async fn each_level_of_each_period_is_told_once() {
    let budgeted = Budgeted::new(json!({"dailyBudget": "0.1", "alertThreshold": 50})).await;
    let (one, two) = (budgeted.worker(21).await, budgeted.worker(22).await);
    assert_eq!(budgeted.round(&one).await, 0, "nothing was charged");
    budgeted.charge(1).await;
    let now = budgeted.platform.now();
    let (first, second) = tokio::join!(one.notice(now), two.notice(now));
    assert_eq!(first.unwrap() + second.unwrap(), 1, "of two workers one notices");
    for worker in [&one, &two, &one] {
        budgeted.round(worker).await;
    }
    assert_eq!(budgeted.receiver.types(), ["DAILY_THRESHOLD"]);
    let shown = budgeted.shown().await;
    let [alert] = shown["alerts"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    let facts = ["type", "threshold", "current", "limit", "percentage", "sentVia", "pending", "lastError"];
    let expected = json!(["DAILY_THRESHOLD", 50, "0.0500", "0.1000", 50.0, ["slack", "email"], 0, null]);
    assert_eq!(Value::from_iter(facts.map(|fact| alert[fact].clone())), expected);
    assert_eq!((&shown["lastAlertType"], &shown["lastAlertSentAt"]), (&alert["type"], &alert["sentAt"]));
    assert!(!shown.to_string().contains("secret"), "{shown}");

    budgeted.charge(2).await;
    for worker in [&two, &one, &two] {
        budgeted.round(worker).await;
    }
    budgeted.charge(1).await;
    budgeted.round(&one).await;
    assert_eq!(budgeted.receiver.types(), ["DAILY_THRESHOLD", "DAILY_EXCEEDED"], "once, however much more is spent");
    budgeted.platform.clock.advance(Duration::from_hours(24));
    budgeted.round(&one).await;
    budgeted.charge(2).await;
    budgeted.round(&one).await;
    assert_eq!(
        budgeted.receiver.types(),
        ["DAILY_THRESHOLD", "DAILY_EXCEEDED", "DAILY_EXCEEDED"],
        "another day; what was passed at once is not told first"
    );
    let mails = budgeted.channels.mails.lock().unwrap();
    let to: Vec<&str> = mails.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["ana@acme.example", "bob@acme.example"].repeat(3));
    assert_eq!(mails[0].1, "50.00 % of the daily budget of acme are used up");
}

#[tokio::test]
async fn a_worker_that_dies_over_an_alert_leaves_it_to_another() {
    let budgeted = Budgeted::new(json!({"monthlyBudget": "0.05"})).await;
    budgeted.charge(1).await;
    let (dead, alive) = (budgeted.worker(21).await, budgeted.worker(22).await);
    let taken_at = budgeted.platform.now();
    dead.notice(taken_at).await.unwrap();
    let taken = dead.take(taken_at).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(budgeted.round(&alive).await, 0, "somebody has it");
    budgeted.platform.clock.advance(LATER);
    assert_eq!(budgeted.round(&alive).await, 1);
    // It was only slow.
    dead.tell(taken[0].clone(), taken_at).await.unwrap();
    budgeted.platform.clock.advance(LATER);
    assert_eq!(budgeted.round(&alive).await, 0);
    assert_eq!(budgeted.receiver.types(), ["MONTHLY_EXCEEDED"]);
    assert_eq!(budgeted.channels.mails.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_could_not_be_told_is_tried_again_and_given_up() {
    let budgeted = Budgeted::new(json!({"dailyBudget": "0.05"})).await;
    budgeted.receiver.answers(500);
    budgeted.charge(1).await;
    let worker = budgeted.worker(21).await;
    budgeted.round(&worker).await;
    let alert = budgeted.shown().await["alerts"][0].clone();
    assert_eq!((&alert["sentVia"], &alert["pending"]), (&json!(["email"]), &json!(1)));
    assert_eq!(alert["lastError"], "slack: it answered 500 Internal Server Error");
    assert_eq!(budgeted.round(&worker).await, 0, "not at once");
    let mut tries = 1;
    while tries < 30 && budgeted.shown().await["alerts"][0]["pending"] == 1 {
        budgeted.platform.clock.advance(LATER);
        if budgeted.round(&worker).await == 0 {
            break;
        }
        tries += 1;
    }
    assert_eq!(tries, 12, "then it is given up");
    assert_eq!(budgeted.receiver.types().len(), 0);
    assert_eq!(budgeted.channels.mails.lock().unwrap().len(), 2, "who was told is not told again");

    // The month's is told once the webhook answers again.
    budgeted.patch(json!({"dailyBudget": null, "monthlyBudget": "0.05"})).await;
    budgeted.round(&worker).await;
    budgeted.receiver.answers(200);
    budgeted.platform.clock.advance(Duration::from_secs(30));
    budgeted.round(&worker).await;
    assert_eq!(budgeted.receiver.types(), ["MONTHLY_EXCEEDED"]);
    let alert = budgeted.shown().await["alerts"][0].clone();
    assert_eq!(
        (&alert["sentVia"], &alert["pending"], &alert["lastError"]),
        (&json!(["email", "slack"]), &json!(0), &Value::Null)
    );
}

#[tokio::test]
async fn nobody_is_told_of_a_budget_that_is_off_or_has_no_limit() {
    let budgeted = Budgeted::new(json!({"dailyBudget": "0.05", "enabled": false})).await;
    budgeted.charge(1).await;
    let worker = budgeted.worker(21).await;
    let now = budgeted.platform.now();
    assert_eq!(worker.notice(now).await.unwrap(), 0);
    budgeted.patch(json!({"dailyBudget": null, "enabled": true})).await;
    assert_eq!(worker.notice(now).await.unwrap(), 0);
    // Nobody to tell: it is noted all the same.
    budgeted.patch(json!({"dailyBudget": "0.05", "alertEmails": [], "alertSlackWebhook": null})).await;
    assert_eq!(worker.notice(now).await.unwrap(), 1);
    assert_eq!(worker.take(now).await.unwrap(), Vec::new());
    let alert = budgeted.shown().await["alerts"][0].clone();
    assert_eq!((&alert["type"], &alert["sentVia"]), (&json!("DAILY_EXCEEDED"), &json!([])));
    // Switched off between noticing and telling.
    budgeted.patch(json!({"monthlyBudget": "0.05", "alertEmails": ["ana@acme.example"]})).await;
    assert_eq!(worker.notice(now).await.unwrap(), 1);
    budgeted.patch(json!({"enabled": false})).await;
    assert_eq!(budgeted.round(&worker).await, 1);
    budgeted.platform.clock.advance(LATER);
    assert_eq!(budgeted.round(&worker).await, 0);
    assert_eq!(budgeted.channels.mails.lock().unwrap().len(), 0);
}
