//! The event log and what follows from it: once, in any order, through a kill.

mod support;

use std::{sync::Arc, time::Duration};

use domain::*;
use operations::*;
use store::{FileJournal, MemoryBus, Store};
use support::{NOW, World, at, config, tenant};

fn recorder(store: &Store) -> (Recorder, Arc<MemoryBus>) {
    let live = Arc::new(MemoryBus::new(64));
    (Recorder::new(Arc::new(store.clone()), live.clone(), None), live)
}

#[tokio::test]
async fn an_event_counts_once_and_screens_hear_of_it_once() {
    let world = World::new().await;
    let (buyer, endpoint) = world.buyer("B1", routing::Caps::NONE).await;
    let events = world.call(Some((&buyer, &endpoint, world.ids.next(NOW))));
    let (recorder, live) = recorder(&world.store);
    let mut screen = live.subscribe(world.scope, None).stream;
    for event in &events {
        assert_eq!(recorder.record(vec![event.clone(), event.clone()]).await.unwrap(), Kept::Logged);
    }
    recorder.record(events.clone()).await.unwrap();
    let call = events[0].call;
    let detail = world.directory.calls.call_detail(world.scope, call).await.unwrap().unwrap();
    assert_eq!(detail.events, events);
    assert_eq!(detail.row, row(&Cdr::from_events(&events).unwrap()), "the row is the fold");
    assert_eq!(detail.row.status, CallStatus::Completed);
    assert_eq!((detail.row.buyer, detail.row.connected_ms), (Some(buyer.id), 120_000));
    assert_eq!(detail.recordings.len(), 1);
    assert_eq!(detail.recordings[0].status, RecordingStatus::Completed);
    let mut heard = Vec::new();
    for _ in &events {
        let Some(LiveItem::Update(update)) = screen.next().await else { panic!("the bus closed") };
        heard.push(update.update.name().to_owned());
    }
    assert_eq!(heard, events.iter().map(|event| event.what.name().to_owned()).collect::<Vec<_>>());
    let more = tokio::time::timeout(Duration::from_millis(50), screen.next()).await;
    assert!(more.is_err(), "a repeat is no news: {more:?}");
}

#[tokio::test]
async fn any_order_makes_the_same_row() {
    let world = World::new().await;
    let (buyer, endpoint) = world.buyer("B1", routing::Caps::NONE).await;
    let (recorder, _) = recorder(&world.store);
    let mut seed = Seed::from_number(11);
    for _ in 0..20 {
        let events = world.call(Some((&buyer, &endpoint, world.ids.next(NOW))));
        let mut shuffled = events.clone();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, seed.below(index as u64 + 1) as usize);
        }
        for event in shuffled {
            recorder.record(vec![event]).await.unwrap();
        }
        let found = world.directory.calls.find_call(world.scope, events[0].call).await.unwrap();
        assert_eq!(found, Some(row(&Cdr::from_events(&events).unwrap())));
    }
    assert_eq!(world.store.job_counts(at(1_000)).await.unwrap().ready, 20, "one job for each call");
}

#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    let world = World::new().await;
    let (buyer, endpoint) = world.buyer("B1", routing::Caps::NONE).await;
    let (recorder, _) = recorder(&world.store);
    for index in 0..30 {
        let sale = (index % 3 == 0).then(|| (&buyer, &endpoint, world.ids.next(NOW)));
        let mut events = world.call(sale);
        if index % 5 == 0 {
            events.retain(|event| !matches!(event.what, What::Ended { .. } | What::RecordingFinished { .. }));
        }
        recorder.record(events).await.unwrap();
    }
    let calls = &world.directory.calls;
    let count = async |filter: CallFilter| {
        calls.list_calls(world.scope, &filter, &PageRequest::number(1, 1)).await.unwrap().total.unwrap().count
    };
    assert_eq!(count(CallFilter::default()).await, 30);
    assert_eq!(count(CallFilter { buyer: Some(buyer.id), ..CallFilter::default() }).await, 10);
    assert_eq!(count(CallFilter { live: Some(true), ..CallFilter::default() }).await, 6);
    assert_eq!(count(CallFilter { statuses: vec![CallStatus::Completed], ..CallFilter::default() }).await, 24);
    assert_eq!(count(CallFilter { from: Some("+1212".into()), ..CallFilter::default() }).await, 30);
    assert_eq!(
        count(CallFilter { from: Some("%".into()), ..CallFilter::default() }).await,
        0,
        "no wildcards from outside"
    );
    assert_eq!(count(CallFilter { started_from: Some(at(1)), ..CallFilter::default() }).await, 0);
    let (mut seen, mut page) = (Vec::new(), PageRequest::number(1, 7));
    loop {
        let found = calls.list_calls(world.scope, &CallFilter::default(), &page).await.unwrap();
        seen.extend(found.items.into_iter().map(|row| row.id));
        let Some(next) = found.next else { break };
        page = PageRequest::after(next, 7);
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (30, 30));
    let figures = calls.call_figures(world.scope, NOW, at(1)).await.unwrap();
    assert_eq!((figures.calls, figures.answered, figures.connected, figures.live), (30, 30, 10, 6));
}

#[tokio::test]
async fn after_a_kill_every_call_ends_at_its_last_sign_of_life() {
    let world = World::new().await;
    let (buyer, endpoint) = world.buyer("B1", routing::Caps::NONE).await;
    let switch = SwitchId(uuid::Uuid::from_u128(1));
    let mut cut = Vec::new();
    {
        let (recorder, _) = recorder(&world.store);
        world.store.heartbeat(switch, at(40)).await.unwrap();
        for length in 1..=9 {
            let mut events = world.call(Some((&buyer, &endpoint, world.ids.next(NOW))));
            events.truncate(length);
            recorder.record(events.clone()).await.unwrap();
            cut.push(events);
        }
    }
    // The process is gone: nothing was told to stop.
    let world = world.reopened().await;
    let (recorder, _) = recorder(&world.store);
    let store = Arc::new(world.store.clone());
    let recovery = Recovery::new(store.clone(), store, recorder.clone(), RecoveryConfig::default());
    let ours = SwitchId(uuid::Uuid::from_u128(2));
    recovery.heartbeat(ours, at(300)).await.unwrap();
    // One of the nine had got as far as its end.
    assert_eq!(recovery.recover(at(300), Dead::AllBut(ours)).await.unwrap(), 8);
    assert_eq!(recovery.recover(at(300), Dead::AllBut(ours)).await.unwrap(), 0, "once");
    for events in &cut {
        let call = events[0].call;
        let row = world.directory.calls.find_call(world.scope, call).await.unwrap().unwrap();
        let last = events.last().unwrap();
        let is_over = matches!(last.what, What::Ended { .. });
        let end = if is_over { last.at } else { last.at.max(at(40)) };
        assert_eq!(row.ended_at, Some(end), "{}", last.what.name());
        assert_eq!(row.cause == Some(EndCause::SwitchRestarted), !is_over);
    }
    assert_eq!(world.store.job_counts(at(300)).await.unwrap().ready, 9, "each is settled");
    assert_eq!(recovery.heartbeat(switch, at(301)).await.unwrap(), Heartbeat::Fenced, "it must not go on");
}

/// Files by key.
struct Files(Vec<(&'static str, RecordedAudio)>);

#[async_trait::async_trait]
impl RecordedFiles for Files {
    async fn recorded(&self, storage_key: &str) -> Result<Option<RecordedAudio>, StoreError> {
        Ok(self.0.iter().find(|(key, _)| *key == storage_key).map(|(_, audio)| *audio))
    }
}

#[tokio::test]
async fn after_a_kill_recordings_get_the_length_of_their_files() {
    let world = World::new().await;
    let switch = SwitchId(uuid::Uuid::from_u128(1));
    let (recorder, _) = recorder(&world.store);
    world.store.heartbeat(switch, at(40)).await.unwrap();
    let mut events = world.call(None);
    events.truncate(2);
    let last = events.last().unwrap().clone();
    let begun = |number: u32, key: &str| CallEvent {
        sequence: last.sequence + number,
        what: What::RecordingStarted { recording: world.ids.next(NOW), key: key.into(), channels: 2 },
        ..last.clone()
    };
    events.extend([begun(1, "kept.wav"), begun(2, "lost.wav")]);
    recorder.record(events.clone()).await.unwrap();
    let store = Arc::new(world.store.clone());
    let kept = RecordedAudio { duration_ms: 36_000, bytes: 1_152_044 };
    let recovery = Recovery::new(store.clone(), store, recorder, RecoveryConfig::default())
        .with_files(Arc::new(Files(vec![("kept.wav", kept)])));
    let ours = SwitchId(uuid::Uuid::from_u128(2));
    recovery.heartbeat(ours, at(300)).await.unwrap();
    assert_eq!(recovery.close_recordings(at(300)).await.unwrap(), 0, "the switch may live");
    assert_eq!(recovery.recover(at(300), Dead::AllBut(ours)).await.unwrap(), 1);
    assert_eq!(recovery.close_recordings(at(300)).await.unwrap(), 1, "the other's disk may come back");
    assert_eq!(recovery.close_recordings(at(900)).await.unwrap(), 1);
    assert_eq!(recovery.close_recordings(at(900)).await.unwrap(), 0, "once");
    let all = world.store.events_of_call(world.scope, last.call).await.unwrap();
    let cdr = Cdr::from_events(&all).unwrap();
    let facts: Vec<_> = cdr.recordings.iter().map(|one| (one.duration_ms, one.bytes, one.failure.is_some())).collect();
    assert_eq!(facts, [(Some(36_000), Some(1_152_044), false), (None, None, true)]);
    assert_eq!(world.store.job_counts(at(900)).await.unwrap().ready, 1, "it is settled with the recording's fee");
}

#[tokio::test]
async fn a_young_call_of_a_run_not_heard_of_yet_is_left_alone() {
    let world = World::new().await;
    let (recorder, _) = recorder(&world.store);
    let mut events = world.call(None);
    events.truncate(2);
    recorder.record(events).await.unwrap();
    let store = Arc::new(world.store.clone());
    let recovery = Recovery::new(store.clone(), store, recorder, RecoveryConfig::default());
    assert_eq!(recovery.recover(at(5), Dead::Silent).await.unwrap(), 0);
    assert_eq!(recovery.recover(at(30), Dead::Silent).await.unwrap(), 1);
}

#[tokio::test]
async fn with_the_store_away_events_wait_in_the_journal() {
    let world = World::new().await;
    let path = world.folder.path().join("journal");
    let events = world.call(None);
    let World { folder, store, writer, directory, scope, .. } = world;
    let journal = Arc::new(FileJournal::open(&path, 4_096).await.unwrap());
    let away = Recorder::new(Arc::new(Away), Arc::new(MemoryBus::new(8)), Some(journal.clone()));
    assert_eq!(away.record(events.clone()).await.unwrap(), Kept::Journaled);
    assert!(!journal.is_empty());
    let mut full = false;
    for _ in 0..20 {
        full |= matches!(away.record(events.clone()).await, Err(RecordError::Journal { .. }));
    }
    assert!(full, "bounded");
    drop((away, journal, store, directory));
    writer.finished().await;
    // A line cut short, as by a power cut, is dropped; the rest is replayed once.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"tenant\":\"");
    std::fs::write(&path, bytes).unwrap();
    let (store, _writer) = Store::open(&config(&folder), NOW).await.unwrap();
    let journal = Arc::new(FileJournal::open(&path, 4_096).await.unwrap());
    let back = Recorder::new(Arc::new(store.clone()), Arc::new(MemoryBus::new(8)), Some(journal.clone()));
    assert!(back.replay_journal().await.unwrap() >= events.len());
    assert_eq!(back.replay_journal().await.unwrap(), 0);
    assert!(journal.is_empty());
    assert_eq!(store.events_of_call(scope, events[0].call).await.unwrap(), events);
}

#[tokio::test]
async fn a_refused_event_is_set_aside_alone_and_tried_again_at_the_next_start() {
    let world = World::new().await;
    let path = world.folder.path().join("journal");
    let (events, others) = (world.call(None), world.call(None));
    let (bad, log) = (events[1].clone(), Arc::new(world.store.clone()));
    let journal = Arc::new(FileJournal::open(&path, 1 << 20).await.unwrap());
    let picky = Arc::new(Picky { log: log.clone(), bad: (bad.call, bad.sequence) });
    let recorder = Recorder::new(picky, Arc::new(MemoryBus::new(8)), Some(journal.clone()));
    let kept = recorder.record([events.clone(), others.clone()].concat()).await.unwrap();
    assert_eq!(kept, Kept::AllBut(vec![(bad.call, bad.sequence)]));
    assert!(!kept.holds(bad.call, bad.sequence) && kept.holds(others[0].call, 0));
    assert!(journal.is_empty() && recorder.events_set_aside() == 1);
    assert_eq!(log.events_of_call(world.scope, others[0].call).await.unwrap(), others);
    assert_eq!(log.events_of_call(world.scope, bad.call).await.unwrap().len(), events.len() - 1);
    // Refused again, it is set aside again, and holds nobody up.
    assert_eq!(recorder.reconsider().await.unwrap(), 1);
    recorder.replay_journal().await.unwrap();
    assert!(journal.is_empty());
    // The next release takes it.
    let journal = Arc::new(FileJournal::open(&path, 1 << 20).await.unwrap());
    let mended = Recorder::new(log.clone(), Arc::new(MemoryBus::new(8)), Some(journal));
    assert_eq!((mended.reconsider().await.unwrap(), mended.replay_journal().await.unwrap()), (1, 1));
    assert_eq!(mended.reconsider().await.unwrap(), 0);
    assert_eq!(log.events_of_call(world.scope, bad.call).await.unwrap(), events);
}

/// A store that refuses one event.
struct Picky {
    log: Arc<Store>,
    bad: (CallId, u32),
}

#[async_trait::async_trait]
impl EventLog for Picky {
    async fn append(&self, events: Vec<CallEvent>) -> Result<Appended, StoreError> {
        if events.iter().any(|event| (event.call, event.sequence) == self.bad) {
            return Err(StoreError::failed("not this one"));
        }
        self.log.append(events).await
    }
}

/// A store that is not there.
struct Away;

#[async_trait::async_trait]
impl EventLog for Away {
    async fn append(&self, _: Vec<CallEvent>) -> Result<Appended, StoreError> {
        Err(StoreError::Unavailable("gone".into()))
    }
}

/// A PASSporT that attests `A`.
fn claim() -> IdentityClaim {
    IdentityClaim {
        source: ClaimSource::Passport,
        attestation: Attestation::A,
        orig: Some("15551230001".to_owned()),
        dest: vec!["15551234567".to_owned()],
        orig_id: Some("o".to_owned()),
        issued_at: Some(NOW),
        certificate: Some("https://c.example/s.pem".to_owned()),
        verstat: None,
        header: Some("a.b.c".to_owned()),
        fault: None,
    }
}

/// A call that claims that.
fn claimed(world: &World) -> Vec<CallEvent> {
    let mut events = world.call(None);
    if let What::Started(started) = &mut events[0].what {
        started.identity_claim = Some(Box::new(claim()));
    }
    events
}

#[tokio::test]
async fn a_claim_is_written_with_the_start_and_never_over_what_somebody_said() {
    let world = World::new().await;
    let (events, silent) = (claimed(&world), world.call(None));
    let call = events[0].call;
    EventLog::append(&world.store, events.clone()).await.unwrap();
    EventLog::append(&world.store, silent.clone()).await.unwrap();
    let records = &world.directory.stir_shaken;
    assert_eq!(records.find(world.scope, silent[0].call).await.unwrap(), None, "what claims nothing costs no row");
    let record = records.get(world.scope, call).await.unwrap();
    assert_eq!((record.claim.as_ref(), record.attestation()), (Some(&claim()), AttestationLevel::A));
    assert_eq!((record.verified_at, record.created_at), (None, events[0].at));

    let said = AttestationOverride {
        attestation: AttestationLevel::None,
        reason: "forged".into(),
        by: "user:x".into(),
        at: NOW,
    };
    let changed = StirShaken { said: Some(said), ..record };
    let saved = records.save(world.scope, &changed, NOW).await.unwrap();
    assert_eq!(saved.attestation(), AttestationLevel::None);
    // The log is read once more, as after a crash.
    EventLog::append(&world.store, events).await.unwrap();
    assert_eq!(records.get(world.scope, call).await.unwrap(), saved);
    let filter = |number: &str| StirShakenFilter { number: Some(number.to_owned()) };
    let list = async |filter| records.list(world.scope, &filter, &PageRequest::default()).await.unwrap().items.len();
    assert_eq!((list(filter(&saved.number)).await, list(filter("+19995550000")).await), (1, 0));
    let other = tenant(&world.ids, "other");
    world.directory.tenants.insert_tenant(&other).await.unwrap();
    assert_eq!(records.find(TenantScope::of(other.id), call).await.unwrap(), None);
}
