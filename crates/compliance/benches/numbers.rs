//! Five million numbers, the size of a large federal download: bytes held and time to look one up. `cargo bench -p compliance`.

use std::{collections::HashMap, hint::black_box, sync::LazyLock};

use compliance::{Book, CallFacts, Digits, DncList, ListScope, NumberSet, Policy, screen};
use divan::AllocProfiler;
use domain::{CompliancePath, Seed, Timestamp};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const NUMBERS: usize = 5_000_000;

fn main() {
    let list = &*LIST;
    println!("{} numbers, {} bytes written out", list.len(), list.serialized_bytes());
    divan::main();
}

fn draw(seed: &mut Seed) -> Digits {
    // Area code 2xx-9xx, exchange 2xx-9xx, four digits: where people's numbers are.
    let [area, exchange, line] = [seed.below(800) + 200, seed.below(800) + 200, seed.below(10_000)];
    let stored = 10_000_000_000 + area * 10_000_000 + exchange * 10_000 + line;
    Digits::from_stored(i64::try_from(stored).unwrap_or_default()).unwrap_or_else(|| unreachable!("eleven digits"))
}

fn drawn() -> Vec<Digits> {
    let mut seed = Seed::from_number(1);
    let mut numbers: Vec<Digits> = (0..NUMBERS).map(|_| draw(&mut seed)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

static LIST: LazyLock<NumberSet> = LazyLock::new(|| {
    let mut set = NumberSet::default();
    set.append(drawn());
    set
});

/// What it holds in memory is "max alloc" of this one.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn load_five_million(bencher: divan::Bencher<'_, '_>) {
    bencher.with_inputs(drawn).bench_values(|numbers| {
        let mut set = NumberSet::default();
        set.append(numbers.iter().copied());
        (set, numbers)
    });
}

/// A thousand look-ups, each of another number: the time of one is a thousandth.
#[divan::bench]
fn look_up_a_thousand(bencher: divan::Bencher<'_, '_>) {
    let mut seed = Seed::from_number(2);
    let list = &*LIST;
    let thousand = || (0..1_000).map(|_| draw(&mut seed)).collect::<Vec<_>>();
    bencher
        .with_inputs(thousand)
        .bench_local_values(|numbers| numbers.iter().filter(|number| list.contains(**number)).count());
}

/// A thousand whole verdicts: override, one list of five million, hours.
#[divan::bench]
fn screen_a_thousand_calls(bencher: divan::Bencher<'_, '_>) {
    let mut book = Book::default();
    book.set_list(DncList {
        id: uuid::Uuid::from_u128(1).into(),
        name: "federal".into(),
        scope: ListScope::All,
        version: 1,
        scrubbed_at: None,
        must_be_fresh: false,
        numbers: LIST.clone(),
    });
    let mut rules = Policy::default().outbound;
    rules.consent = false;
    book.set_policies(Some((1, Policy { outbound: rules, ..Policy::default() })), HashMap::new());
    let mut seed = Seed::from_number(3);
    let thousand = || (0..1_000).map(|_| draw(&mut seed).to_string()).collect::<Vec<_>>();
    bencher.with_inputs(thousand).bench_local_values(|consumers| {
        for consumer in &consumers {
            let facts = CallFacts {
                path: CompliancePath::Outbound,
                consumer,
                campaign: None,
                call: None,
                consent_token: None,
                now: Timestamp::from_secs(1_795_449_600),
                data_age: std::time::Duration::ZERO,
            };
            black_box(screen(&facts, &book));
        }
    });
}
