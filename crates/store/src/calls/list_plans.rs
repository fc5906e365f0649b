//! How the databases mean to answer each list of calls the API offers.

use domain::{BuyerId, CallStatus, CampaignId, Direction, LeadId, NumberId, PublisherId, TagId, TenantId, Timestamp};
use operations::{CallFilter, Order, PageRequest, TOTAL_MAX, TenantScope, Total};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    list::probe,
    narrow::{Narrowed, narrow},
};
use crate::{
    Store, StoreConfig,
    convert::column,
    cursor::Cursor,
    sql::{Where, query},
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Filters put on together, at most.
const TOGETHER_MAX: u32 = 3;

type Put = fn(&mut CallFilter);

/// Every filter of `GET /api/v1/calls`, each put on a filter.
const FILTERS: [(&str, Put); 15] = [
    ("status", |filter| filter.statuses = vec![CallStatus::Failed]),
    ("statuses", |filter| filter.statuses = vec![CallStatus::Failed, CallStatus::Busy, CallStatus::NoAnswer]),
    ("direction", |filter| filter.direction = Some(Direction::Outbound)),
    ("campaign", |filter| filter.campaign = Some(CampaignId(Uuid::from_u128(3)))),
    ("publisher", |filter| filter.publisher = Some(PublisherId(Uuid::from_u128(4)))),
    ("buyer", |filter| filter.buyer = Some(BuyerId(Uuid::from_u128(5)))),
    ("number", |filter| filter.number = Some(NumberId(Uuid::from_u128(6)))),
    ("from", |filter| filter.from = Some("+1212".into())),
    ("to", |filter| filter.to = Some("+1555".into())),
    ("search", |filter| filter.number_prefix = Some("+1212".into())),
    ("lead", |filter| filter.lead = Some(LeadId(Uuid::from_u128(7)))),
    ("tag", |filter| filter.tag = Some(TagId(Uuid::from_u128(8)))),
    ("dates", |filter| {
        filter.started_from = Some(Timestamp::from_secs(1));
        filter.started_to = Some(Timestamp::from_secs(100_000));
    }),
    ("live", |filter| filter.live = Some(true)),
    ("over", |filter| filter.live = Some(false)),
];

/// None of them, each alone, and each two and three together.
fn filters() -> Vec<(String, CallFilter)> {
    let mut all = Vec::new();
    for chosen in 0_u32..1 << FILTERS.len() {
        if chosen.count_ones() > TOGETHER_MAX {
            continue;
        }
        let (mut filter, mut names) = (CallFilter::default(), Vec::new());
        for (place, (name, put)) in FILTERS.iter().enumerate() {
            if chosen & (1 << place) != 0 {
                put(&mut filter);
                names.push(*name);
            }
        }
        all.push((names.join(" "), filter));
    }
    all
}

async fn open(folder: &TempDir) -> Store {
    let name: String = folder.path().display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let url = match std::env::var("HOPWHISTLE_TEST_POSTGRES") {
        Ok(server) => format!("{server}/{name}"),
        Err(_) => format!("sqlite://{}", folder.path().join("test.db").display()),
    };
    let (store, _writer) = Store::open(&StoreConfig::new(url, [7; 32]), NOW).await.unwrap();
    store
}

/// So many calls of a tenant: one in a thousand of a German caller, a third of each of three statuses.
async fn fill(store: &Store, tenant: TenantId, many: u64) {
    let id = match store.reader().get_database_backend() {
        DbBackend::Sqlite => "unhex(printf('%032x', n))",
        _ => "lpad(to_hex(n), 32, '0')::uuid",
    };
    let fill = format!(
        "INSERT INTO calls (id, tenant_id, direction, status, from_number, to_number, attestation, sip_call_id, switch_id, started_at, \
         ended_at, duration_ms, answered_ms, connected_ms, recorded, tags, last_sequence) \
         WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {many}) \
         SELECT {id}, $1, 'INBOUND', CASE n % 3 WHEN 0 THEN 'COMPLETED' WHEN 1 THEN 'BUSY' ELSE 'FAILED' END, \
         CASE WHEN n % 1000 = 0 THEN '+49' ELSE '+1212' END || n, '+1555', 'NONE', 'x', $1, n / 2, 1, 0, 0, 0, 1 = 0, '{{}}', 1 FROM counted"
    );
    store
        .writer()
        .write(move |on| Box::pin(async move { crate::sql::execute(on, &fill, [tenant.0.into()]).await }))
        .await
        .unwrap();
}

/// The plan of a statement, a line a step.
async fn plan(on: &impl ConnectionTrait, statement: Where) -> Vec<String> {
    let (explain, name) = match on.get_database_backend() {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        _ => ("EXPLAIN", "QUERY PLAN"),
    };
    let rows = query(on, &format!("{explain} {}", statement.sql), statement.values).await.unwrap();
    rows.iter().map(|row: &QueryResult| column(row, name).unwrap()).collect()
}

/// What a plan does that takes longer the more calls there are.
fn fault(plan: &[String], may_sort: bool) -> Option<&String> {
    plan.iter().find(|step| {
        let step = step.trim_start_matches([' ', '-', '>']);
        let scans = step.starts_with("Seq Scan")
            || ["SCAN calls", "SCAN lead_calls", "SCAN call_tags", "SCAN link"]
                .iter()
                .any(|scan| step.starts_with(scan));
        let sorts = step.starts_with("Sort") && !step.starts_with("Sort Key")
            || step.starts_with("Incremental Sort")
            || step.starts_with("USE TEMP B-TREE") && step.contains("ORDER BY");
        scans || sorts && !may_sort
    })
}

/// Every statement that counts a list, or may.
fn counts(narrowed: &Narrowed, page: &PageRequest) -> Vec<(&'static str, Where)> {
    let mut all = vec![("counted", narrowed.counting()), ("looked at by age", narrowed.looking(None, page))];
    for set in &narrowed.sets {
        all.push(("probed", probe(set)));
        all.push(("looked at in a set", narrowed.looking_at_few(set, page)));
    }
    let ids: Vec<sea_orm::Value> = (0..30).map(|id| Uuid::from_u128(id).into()).collect();
    all.extend(narrowed.named(&ids, page).map(|named| ("named", named)));
    for place in 0..narrowed.equal.len() {
        all.push(("reached", narrowed.reaching(place, page)));
        all.push(("looked at", narrowed.looking(Some(place), page)));
        if narrowed.equal.len() > 1 {
            all.push(("merged", narrowed.merging(place, Some(9), page)));
            all.push(("merged to the end", narrowed.merging(place, None, page)));
        }
    }
    all
}

#[tokio::test]
async fn every_list_comes_out_of_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let tenant = TenantId(Uuid::from_u128(1));
    let scope = TenantScope::of(tenant);
    if store.reader().get_database_backend() == DbBackend::Postgres {
        // It decides by what it knows of the rows.
        fill(&store, tenant, TOTAL_MAX).await;
        store
            .writer()
            .write(|on| Box::pin(async { crate::sql::execute(on, "ANALYZE calls", []).await }))
            .await
            .unwrap();
    }
    let reader = store.scoped(scope).await.unwrap();
    let backend = reader.get_database_backend();
    if backend == DbBackend::Postgres {
        // With so few rows it may well read the table and sort; that it can do without is the question.
        for way in ["enable_seqscan", "enable_bitmapscan", "enable_sort"] {
            reader.execute_unprepared(&format!("SET LOCAL {way} = off")).await.unwrap();
        }
    }
    let pages =
        [PageRequest::number(2, 20), PageRequest::after(Cursor::at(NOW.micros(), Uuid::from_u128(9)).to_string(), 20)];
    let mut looked_at = 0;
    for (name, filter) in filters() {
        let narrowed = narrow(backend, scope, &filter).unwrap();
        for (way, statement) in counts(&narrowed, &pages[0]) {
            let steps = plan(&reader, statement).await;
            assert_eq!(fault(&steps, true), None, "{name}, {way}: {steps:#?}");
            // SQLite goes by what is written; PostgreSQL by what it knows, and here it may not sort.
            let by_age = backend == DbBackend::Sqlite && steps.iter().any(|step| step.contains("calls_by_age"));
            assert!(way != "named" || !by_age, "{name}, {way}: {steps:#?}");
        }
        for few in [None].into_iter().chain((0..narrowed.sets.len()).map(Some)) {
            for page in &pages {
                let steps = plan(&reader, narrowed.listing(few, page).unwrap()).await;
                // Few that were found by something else are sorted.
                assert_eq!(fault(&steps, few.is_some()), None, "{name}, {page:?}, few {few:?}: {steps:#?}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 1_000, "{looked_at}");
}

#[tokio::test]
async fn a_plan_without_an_index_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let statement = |sql: &str| Where { sql: sql.to_owned(), values: Vec::new() };
    let steps = plan(store.reader(), statement("SELECT id FROM calls WHERE caller_name = 'a'")).await;
    assert!(fault(&steps, true).is_some(), "{steps:?}");
    let by_end = "SELECT id FROM calls WHERE tenant_id = id ORDER BY ended_at";
    let steps = plan(store.reader(), statement(by_end)).await;
    assert!(fault(&steps, false).is_some(), "{steps:?}");
}

/// Many calls that begin alike, a few that do not, whatever way each list is put together: the same calls in the same order as looking at
/// every one gives.
#[tokio::test]
async fn few_and_many_are_listed_and_counted_alike() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let tenant = TenantId(Uuid::from_u128(1));
    let many = TOTAL_MAX + 5;
    fill(&store, tenant, many).await;
    let scope = TenantScope::of(tenant);
    let begins = |text: &str| CallFilter { from: Some(text.to_owned()), ..CallFilter::default() };
    let both = CallFilter { statuses: vec![CallStatus::Busy, CallStatus::Failed], ..CallFilter::default() };
    let either = CallFilter { number_prefix: Some("+49".into()), ..CallFilter::default() };
    for (filter, wanted) in [
        (begins("+1"), many - many / 1_000),
        (begins("+49"), many / 1_000),
        (either, many / 1_000),
        (both.clone(), many - many / 3),
        (CallFilter { from: Some("+4".into()), ..both }, many / 1_000 - many / 3_000),
        (CallFilter::default(), many),
    ] {
        let page = super::list::calls(&store, scope, &filter, &PageRequest::number(1, 100)).await.unwrap();
        assert_eq!(page.total, Some(Total::counted(wanted)), "{filter:?}");
        let (mut seen, mut next) = (page.items, page.next);
        // A few pages by cursor: none twice, none left out.
        while let (Some(cursor), true) = (next.take(), seen.len() < 500) {
            let page = super::list::calls(&store, scope, &filter, &PageRequest::after(cursor, 100)).await.unwrap();
            seen.extend(page.items);
            next = page.next;
        }
        assert_eq!(seen.len() as u64, wanted.min(500), "{filter:?}");
        assert!(seen.windows(2).all(|two| (two[0].started_at, two[0].id.0) > (two[1].started_at, two[1].id.0)));
        assert!(seen.iter().all(|call| filter.from.as_ref().is_none_or(|begin| call.from.starts_with(begin))));
        assert!(seen.iter().all(|call| filter.statuses.is_empty() || filter.statuses.contains(&call.status)));
    }
}

/// Two filters of which either passes many: what is listed is what passes both, and what is said of their number is so.
#[tokio::test]
async fn two_filters_are_counted_as_far_as_they_were_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let tenant = TenantId(Uuid::from_u128(1));
    fill(&store, tenant, 100_000).await;
    let scope = TenantScope::of(tenant);
    let (campaign, buyer, publisher) =
        (CampaignId(Uuid::from_u128(3)), BuyerId(Uuid::from_u128(5)), PublisherId(Uuid::from_u128(4)));
    // The older half is the campaign's, the newer the buyer's, but for seven of the oldest, which are both's; a hundredth is the publisher's.
    let owners = [
        ("campaign_id", campaign.0, "started_at < 25000"),
        ("buyer_id", buyer.0, "started_at >= 25000 OR started_at IN (0, 2, 3, 4)"),
        ("publisher_id", publisher.0, "(started_at + 7) % 100 = 0"),
    ];
    store
        .writer()
        .write(move |on| {
            Box::pin(async move {
                for (column, owner, condition) in owners {
                    let sql = format!("UPDATE calls SET {column} = $1 WHERE {condition}");
                    crate::sql::execute(on, &sql, [owner.into()]).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    let any = CallFilter::default;
    let both = CallFilter { campaign: Some(campaign), buyer: Some(buyer), ..any() };
    let rare = CallFilter { campaign: Some(campaign), publisher: Some(publisher), ..any() };
    let common = CallFilter { campaign: Some(campaign), statuses: vec![CallStatus::Failed], ..any() };
    let none = CallFilter { buyer: Some(buyer), started_to: Some(Timestamp::from_micros(25_000)), ..both.clone() };
    let dense = CallFilter { direction: Some(Direction::Inbound), ..common.clone() };
    let absent = CallFilter { direction: Some(Direction::Outbound), ..common.clone() };
    for (filter, wanted, is_at_least) in [
        // Indexes laid side by side.
        (both.clone(), 7, false),
        (none, 7, false),
        // The publisher's few, all of them looked at.
        (rare, 500, false),
        // The newest of many.
        (common, 16_666, true),
        (dense, 16_666, true),
        // No index holds one.
        (absent, 0, false),
        (CallFilter { live: Some(false), ..both }, 7, true),
    ] {
        for order in
            [Order::parse::<operations::CallRow>("-startedAt"), Order::parse::<operations::CallRow>("startedAt")]
        {
            let first = PageRequest::number(1, 100).ordered(order);
            let page = super::list::calls(&store, scope, &filter, &first).await.unwrap();
            let found = page.total.unwrap();
            let falls = order.is_none_or(|order| order.falls);
            // From the other end, one of two may be too sparse for a walk along both.
            assert!(!falls || found.is_at_least == is_at_least, "{found:?} {filter:?}");
            assert!(found.count <= wanted && (found.is_at_least || found.count == wanted), "{found:?} {filter:?}");
            let second = PageRequest::number(2, 100).ordered(order);
            let second = super::list::calls(&store, scope, &filter, &second).await.unwrap();
            assert_eq!((page.items.len() + second.items.len()) as u64, wanted.min(200), "{filter:?}");
            if let (Some(cursor), false) = (page.next, second.items.is_empty()) {
                let after = PageRequest::after(cursor, 100).ordered(order);
                let after = super::list::calls(&store, scope, &filter, &after).await.unwrap();
                let ids = |items: &[operations::CallRow]| items.iter().map(|call| call.id).collect::<Vec<_>>();
                assert_eq!(ids(&after.items), ids(&second.items), "{filter:?}");
            }
            let seen: Vec<_> =
                page.items.iter().chain(&second.items).map(|call| (call.started_at, call.id.0)).collect();
            assert!(seen.windows(2).all(|two| if falls { two[0] > two[1] } else { two[0] < two[1] }), "{filter:?}");
        }
    }
}
