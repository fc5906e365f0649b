//! How long a page of calls takes among very many.
//!
//! `cargo run --release -p store --example lists -- [calls] [database URL] [lists that contain this]`; without a URL, a SQLite file that is removed afterwards. The
//! database must be empty, or filled by an earlier run, which is then measured again. Calls are written by SQL, not by the switch: 90 % of one
//! large tenant, whose lists are measured.

use std::time::{Duration, Instant};

use domain::*;
use operations::{CallFilter, Calls as _, PageRequest, PageStart, TenantScope};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use store::{Store, StoreConfig};
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
/// The calls of a year, in microseconds from here.
const START: i64 = 1_760_000_000_000_000;
const YEAR: i64 = 31_536_000_000_000;
/// Calls of one INSERT.
const CHUNK: i64 = 100_000;
/// Calls that still run.
const LIVE: i64 = 200;
const ROUNDS: u32 = 200;

type Put = fn(&mut CallFilter, u32);

/// What is asked; the number is the round, so that rounds ask for different things.
const LISTS: [(&str, Put); 19] = [
    ("no filter", |_, _| {}),
    ("status: one in 30", |filter, _| filter.statuses = vec![CallStatus::Failed]),
    ("three statuses", |filter, _| {
        filter.statuses = vec![CallStatus::Failed, CallStatus::Busy, CallStatus::NoAnswer];
    }),
    ("direction: one in 20", |filter, _| filter.direction = Some(Direction::Outbound)),
    ("campaign: one in 100", |filter, round| filter.campaign = Some(CampaignId(id(2, round % 100)))),
    ("publisher: one in 50", |filter, round| filter.publisher = Some(PublisherId(id(3, round % 50)))),
    ("buyer: one in 200", |filter, round| filter.buyer = Some(BuyerId(id(4, round % 200)))),
    ("tracking number: one in 1,000", |filter, round| filter.number = Some(NumberId(id(5, round)))),
    ("campaign and status", |filter, round| {
        filter.campaign = Some(CampaignId(id(2, round % 100)));
        filter.statuses = vec![CallStatus::Failed];
    }),
    ("campaign and buyer", |filter, round| {
        filter.campaign = Some(CampaignId(id(2, round % 100)));
        filter.buyer = Some(BuyerId(id(4, round * 7 % 200)));
    }),
    ("caller, +1 and 1 digit", |filter, round| filter.from = Some(format!("+1{}", 2 + round % 8))),
    ("caller, +1 and 3 digits", |filter, round| filter.from = Some(format!("+1{}", 200 + round * 4))),
    ("caller, +1 and 6 digits", |filter, round| filter.from = Some(format!("+1{}", 200_000 + round * 4_001))),
    ("dialled, the whole number", |filter, round| filter.to = Some(format!("+1888555{:04}", round * 5))),
    ("caller or dialled, +1 and 6 digits", |filter, round| {
        filter.number_prefix = Some(format!("+1{}", 200_000 + round * 4_001));
    }),
    ("a day", |filter, round| {
        let day = START + i64::from(round % 360) * 86_400_000_000;
        filter.started_from = Some(Timestamp::from_micros(day));
        filter.started_to = Some(Timestamp::from_micros(day + 86_400_000_000));
    }),
    ("a day and 3 digits of the caller", |filter, round| {
        let day = START + i64::from(round % 360) * 86_400_000_000;
        filter.started_from = Some(Timestamp::from_micros(day));
        filter.started_to = Some(Timestamp::from_micros(day + 86_400_000_000));
        filter.from = Some(format!("+1{}", 200 + round * 4));
    }),
    ("running", |filter, _| filter.live = Some(true)),
    ("over", |filter, _| filter.live = Some(false)),
];

fn id(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128(kind << 64 | u128::from(number))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures with a clock")]
fn clock() -> Instant {
    Instant::now()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let calls: i64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let url = arguments.next().unwrap_or_else(|| format!("sqlite://{}", folder.path().join("lists.db").display()));
    let (store, _writer) = Store::open(&StoreConfig::new(url.clone(), [1; 32]), Timestamp::from_micros(START)).await?;
    let mut options = ConnectOptions::new(&url);
    options.max_connections(1).map_sqlx_postgres_opts(|postgres| postgres.options([("hopwhistle.tenant", "platform")]));
    let connection = Database::connect(options).await?;
    let filled = "SELECT id FROM calls LIMIT 1";
    if connection.query_one_raw(Statement::from_string(connection.get_database_backend(), filled)).await?.is_none() {
        let began = clock();
        fill(&connection, calls).await?;
        println!("{calls} calls written in {:.0} s", began.elapsed().as_secs_f64());
    }
    println!("{:.0} MB", size(&connection).await?);

    println!(
        "{:<42} {:>8} {:>26} {:>26}",
        "ms: p50 / p95 / p99", "total", "first page, counted", "next page, by cursor"
    );
    let wanted = arguments.next();
    for (name, put) in LISTS {
        if wanted.as_deref().is_some_and(|wanted| !name.contains(wanted)) {
            continue;
        }
        measure(&store, name, put).await?;
    }
    Ok(())
}

async fn measure(store: &Store, name: &str, put: Put) -> Result<(), Box<dyn std::error::Error>> {
    let scope = TenantScope::of(TENANT);
    let (mut first, mut next, mut total) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let mut filter = CallFilter::default();
        put(&mut filter, round);
        let began = clock();
        let page = store.list_calls(scope, &filter, &PageRequest::number(1, 20)).await?;
        first.push(began.elapsed());
        total = total.max(page.total.map_or(0, |total| total.count));
        if let Some(cursor) = page.next {
            let began = clock();
            let request = PageRequest { limit: 20, from: PageStart::Cursor(cursor), order: None };
            store.list_calls(scope, &filter, &request).await?;
            next.push(began.elapsed());
        }
    }
    println!("{name:<42} {total:>8} {:>26} {:>26}", quantiles(first), quantiles(next));
    Ok(())
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        time.map_or("-".to_owned(), |time| format!("{:.1}", time.as_secs_f64() * 1_000.0))
    };
    [50, 95, 99].map(at).join(" / ")
}

/// Writes calls of a year, evenly spread, and tells the database to look at them.
async fn fill(on: &DatabaseConnection, calls: i64) -> Result<(), Box<dyn std::error::Error>> {
    let backend = on.get_database_backend();
    let uuid = |high: &str, low: &str| match backend {
        DbBackend::Sqlite => format!("unhex(printf('%016x%016x', {high}, {low}))"),
        _ => format!("(lpad(to_hex({high}), 16, '0') || lpad(to_hex({low}), 16, '0'))::uuid"),
    };
    let number = match backend {
        DbBackend::Sqlite => "printf('%04d', mixed % 1000)",
        _ => "lpad((mixed % 1000)::text, 4, '0')",
    };
    let number_of = |kind: u8| if backend == DbBackend::Sqlite { kind.to_string() } else { format!("{kind}::bigint") };
    let call = uuid("started", "n");
    let tenant = uuid(&number_of(0), "CASE WHEN mixed % 10 = 9 THEN 2 ELSE 1 END");
    let campaign = uuid(&number_of(2), "mixed / 100 % 100");
    let publisher = uuid(&number_of(3), "mixed / 50 % 50");
    let buyer = uuid(&number_of(4), "mixed / 200 % 200");
    let tracking = uuid(&number_of(5), "mixed % 1000");
    let sql = format!(
        "INSERT INTO calls (id, tenant_id, direction, status, from_number, to_number, attestation, number_id, campaign_id, publisher_id, \
         buyer_id, sip_call_id, switch_id, started_at, answered_at, ended_at, duration_ms, answered_ms, connected_ms, recorded, tags, last_sequence) \
         WITH RECURSIVE counted(n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < $2), \
         dealt AS (SELECT n, n * 2654435761 % 4294967296 AS mixed, {START} + n * ({YEAR} / {calls}) AS started FROM counted) \
         SELECT {call}, {tenant}, CASE WHEN mixed % 20 = 0 THEN 'OUTBOUND' ELSE 'INBOUND' END, \
         CASE WHEN n >= {calls} - {LIVE} THEN 'ANSWERED' WHEN mixed % 30 = 0 THEN 'FAILED' WHEN mixed % 30 < 3 THEN 'BUSY' \
         WHEN mixed % 30 < 7 THEN 'NO_ANSWER' ELSE 'COMPLETED' END, \
         '+1' || (mixed * 31 % 8000000000 + 2000000000), '+1888555' || {number}, 'A', {tracking}, {campaign}, {publisher}, {buyer}, \
         'call' || n || '@192.0.2.1', {call}, started, started + 2000000, CASE WHEN n >= {calls} - {LIVE} THEN NULL ELSE started + 90000000 END, \
         90000, 88000, 80000, mixed % 2 = 0, '{{}}', 12 FROM dealt"
    );
    let mut next = 0;
    while next < calls {
        let end = (next + CHUNK).min(calls);
        on.execute_raw(Statement::from_sql_and_values(backend, &sql, [next.into(), end.into()])).await?;
        next = end;
    }
    on.execute_unprepared(if backend == DbBackend::Sqlite {
        "PRAGMA wal_checkpoint(TRUNCATE)"
    } else {
        "VACUUM ANALYZE calls"
    })
    .await?;
    Ok(())
}

/// Megabytes of the calls with their indexes.
async fn size(on: &DatabaseConnection) -> Result<f64, Box<dyn std::error::Error>> {
    let sql = match on.get_database_backend() {
        DbBackend::Sqlite => "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
        _ => "SELECT pg_total_relation_size('calls') AS bytes",
    };
    let row = on.query_one_raw(Statement::from_string(on.get_database_backend(), sql)).await?;
    let bytes: i64 = row.map_or(Ok(0), |row| row.try_get("", "bytes"))?;
    Ok(bytes as f64 / 1_000_000.0)
}
