//! What compliance is kept by, on a real database file, and the gate that is loaded from it.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

mod support;

use std::sync::Arc;

use compliance::{Digits, Policy, Rules};
use domain::*;
use operations::*;
use serde_json::json;
use support::{NOW, World, at};

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_dialled(text).unwrap()
}

fn digits(text: &str) -> Digits {
    Digits::from(&number(text))
}

fn entry(text: &str) -> NewDncEntry {
    NewDncEntry { number: digits(text), reason: Some("asked".into()), source: None }
}

async fn list(world: &World, kind: DncListType) -> DncList {
    let list = DncList {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        name: format!("{kind}"),
        kind,
        status: DncListStatus::Active,
        campaign: None,
        campaigns: vec![],
        applies_to_all: false,
        must_be_fresh: false,
        scrubbed_at: None,
        version: 0,
        entry_count: 0,
        metadata: json!({}),
        created_at: NOW,
        updated_at: NOW,
    };
    world.directory.dnc_lists.insert(world.scope, &list).await.unwrap();
    list
}

async fn add(world: &World, list: &DncList, numbers: &[&str]) -> DncChange {
    let entries = numbers.iter().map(|text| entry(text)).collect();
    world.directory.dnc_entries.add_dnc_entries(world.scope, list.id, entries, NOW).await.unwrap()
}

fn transfer(consumer: &str, now: Timestamp) -> Screening<'_> {
    Screening { path: CompliancePath::Transfer, consumer, campaign: None, call: None, consent_token: None, now }
}

fn gate(world: &World) -> Gate {
    Gate::new(Arc::new(world.store.clone()))
}

#[tokio::test]
async fn entries_are_counted_and_versioned_and_never_lost() {
    let world = World::new().await;
    let dnc = &world.directory.dnc_entries;
    let list = list(&world, DncListType::Global).await;
    assert_eq!(add(&world, &list, &["+12125550100", "+12125550101"]).await, DncChange { changed: 2, version: 1 });
    let repeated = add(&world, &list, &["+12125550101", "+12125550102", "+12125550102"]).await;
    assert_eq!(repeated, DncChange { changed: 1, version: 2 }, "who is on it stays, twice in one batch is once");
    assert_eq!(add(&world, &list, &["+12125550100"]).await, DncChange { changed: 0, version: 2 });
    let gone = vec![digits("+12125550100"), digits("+19995550100")];
    let removed = dnc.remove_dnc_entries(world.scope, list.id, gone, at(1)).await.unwrap();
    assert_eq!(removed, DncChange { changed: 1, version: 3 });
    let found = world.directory.dnc_lists.get(world.scope, list.id).await.unwrap();
    assert_eq!((found.entry_count, found.version), (2, 3));
    let marks = world.store.dnc_marks(world.tenant.id, list.id, (0, 0), 100).await.unwrap();
    let told: Vec<_> = marks.iter().map(|mark| (mark.version, mark.removed, mark.number.get())).collect();
    assert_eq!(told, vec![(1, false, 12125550101), (2, false, 12125550102), (3, true, 12125550100)]);
    assert_eq!(add(&world, &list, &["+12125550100"]).await, DncChange { changed: 1, version: 4 }, "and back again");
    // Who saves the list as it was read before its entries changed is told.
    let stale = DncList { name: "other".into(), ..list.clone() };
    assert!(matches!(world.directory.dnc_lists.save(world.scope, &stale, at(2)).await, Err(StoreError::Stale(_))));
}

#[tokio::test]
async fn entries_are_found_by_first_digits_page_by_page() {
    let world = World::new().await;
    let dnc = &world.directory.dnc_entries;
    let list = list(&world, DncListType::Global).await;
    let many: Vec<String> = (0..25).map(|line| format!("+1212555{line:04}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    add(&world, &list, &many).await;
    add(&world, &list, &["+13105550100", "+121", "+1212", "+49301234567"]).await;
    let all = dnc.list_dnc_entries(world.scope, list.id, None, &PageRequest::number(1, 100)).await.unwrap();
    assert_eq!((all.items.len(), all.total, all.next), (29, Some(Total::known(29)), None));
    for start in [1, 2] {
        let mut seen = Vec::new();
        let mut page = PageRequest::number(start, 10);
        loop {
            let found = dnc.list_dnc_entries(world.scope, list.id, Some(1212), &page).await.unwrap();
            seen.extend(found.items.iter().map(|entry| entry.number.to_string()));
            let Some(next) = found.next else { break };
            page = PageRequest::after(next, 10);
        }
        let expected = if start == 1 { 26 } else { 16 };
        assert_eq!(seen.len(), expected, "{seen:?}");
        assert!(seen.iter().all(|number| number.starts_with("+1212")) && seen.last().unwrap() == "+12125550024");
    }
    let wrong = dnc.list_dnc_entries(world.scope, list.id, None, &PageRequest::after("x".into(), 10)).await;
    assert!(matches!(wrong, Err(StoreError::Cursor)));
    // Another tenant's list is not there.
    let theirs = TenantScope::of(world.ids.next(NOW));
    let found = dnc.list_dnc_entries(theirs, list.id, None, &PageRequest::default()).await;
    assert!(matches!(found, Err(StoreError::NotFound(_))));
    let added = dnc.add_dnc_entries(theirs, list.id, vec![entry("+15551234567")], NOW).await;
    assert!(matches!(added, Err(StoreError::NotFound(_))));
    let removed = dnc.remove_dnc_entries(theirs, list.id, vec![digits("+121")], NOW).await;
    assert!(matches!(removed, Err(StoreError::NotFound(_))));
    assert_eq!(dnc.purge_dnc_entries(theirs, list.id, 100).await.unwrap(), 0);
    // A list is removed in pieces.
    assert_eq!(dnc.purge_dnc_entries(world.scope, list.id, 20).await.unwrap(), 20);
    assert_eq!(dnc.purge_dnc_entries(world.scope, list.id, 20).await.unwrap(), 9);
    world.directory.dnc_lists.remove(world.scope, list.id).await.unwrap();
}

#[tokio::test]
async fn the_gate_follows_every_change() {
    let world = World::new().await;
    let gate = gate(&world);
    let may = |consumer: &str| gate.may_call(world.scope, &transfer(consumer, NOW));
    assert_eq!(may("+12125550100").reason, ComplianceReason::DataUnavailable, "nothing was read yet");
    gate.refresh(NOW).await.unwrap();
    assert_eq!(may("+12125550100").reason, ComplianceReason::Cleared);
    let list = list(&world, DncListType::Global).await;
    add(&world, &list, &["+12125550100"]).await;
    assert!(may("+12125550100").allowed, "a change counts once it was read");
    assert_eq!(gate.refresh(NOW).await.unwrap(), 1);
    assert_eq!(gate.refresh(NOW).await.unwrap(), 0, "without a change nothing is read");
    let verdict = may("+12125550100");
    assert_eq!((verdict.allowed, verdict.reason), (false, ComplianceReason::OnDncList));
    assert_eq!(verdict.dnc_match.unwrap().list_id, list.id);
    assert_eq!(verdict.lists, vec![ListUsed { list_id: list.id, version: 1, scrubbed_at: None }]);
    // By what changed since, not anew.
    add(&world, &list, &["+12125550101"]).await;
    let gone = vec![digits("+12125550100")];
    world.directory.dnc_entries.remove_dnc_entries(world.scope, list.id, gone, NOW).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert!(may("+12125550100").allowed && !may("+12125550101").allowed);
    assert_eq!(may("+12125550100").lists[0].version, 3);
    let found = world.directory.dnc_lists.get(world.scope, list.id).await.unwrap();
    let off = DncList { status: DncListStatus::Inactive, ..found };
    world.directory.dnc_lists.save(world.scope, &off, NOW).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert!(may("+12125550101").allowed, "a list that is off is not consulted");
    let policy = CompliancePolicy {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        campaign: None,
        version: 1,
        policy: Policy {
            transfers: Rules { dnc: true, consent: true, calling_hours: false },
            allow_override: true,
            ..Policy::default()
        },
        created_at: NOW,
        updated_at: NOW,
    };
    world.directory.compliance_policies.insert(world.scope, &policy).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert_eq!(may("+12125550100").reason, ComplianceReason::NoConsent);
    assert_eq!(may("+12125550100").policy.version, 1);
    let consent = consent(&world, "+12125550100", ConsentStatus::Pending);
    world.directory.consents.insert(world.scope, &consent).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert_eq!(may("+12125550100").reason, ComplianceReason::NoConsent, "nobody has vouched for it");
    let verified = ConsentToken { status: ConsentStatus::Verified, expires_at: Some(at(60)), ..consent };
    let verified = world.directory.consents.save(world.scope, &verified, NOW).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert_eq!(may("+12125550100").reason, ComplianceReason::Cleared);
    let later = gate.may_call(world.scope, &transfer("+12125550100", at(60)));
    assert_eq!(later.reason, ComplianceReason::NoConsent, "its time is over");
    let revoked = ConsentToken { status: ConsentStatus::Revoked, ..verified };
    world.directory.consents.save(world.scope, &revoked, NOW).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert_eq!(may("+12125550100").reason, ComplianceReason::NoConsent);
    let given = ComplianceOverride {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        number: number("+12125550100"),
        reason: "asked for it by mail".into(),
        call: None,
        requested_by: "user:a".into(),
        status: ComplianceOverrideStatus::PendingApproval,
        expires_at: Some(at(60)),
        approved_by: None,
        approved_at: None,
        created_at: NOW,
        updated_at: NOW,
    };
    world.directory.compliance_overrides.insert(world.scope, &given).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert_eq!(may("+12125550100").reason, ComplianceReason::NoConsent, "nobody has approved it");
    let approved = ComplianceOverride { status: ComplianceOverrideStatus::Active, ..given };
    world.directory.compliance_overrides.save(world.scope, &approved, NOW).await.unwrap();
    gate.refresh(NOW).await.unwrap();
    assert_eq!(may("+12125550100").overridden_by.unwrap().id, approved.id);
    // A gate that starts now knows the same.
    let fresh = Gate::new(Arc::new(world.store.clone()));
    fresh.refresh(NOW).await.unwrap();
    assert_eq!(fresh.may_call(world.scope, &transfer("+12125550100", NOW)), may("+12125550100"));
    // Another tenant is not concerned.
    let other = gate.may_call(TenantScope::of(world.ids.next(NOW)), &transfer("+12125550101", NOW));
    assert_eq!(other.policy.version, 0);
}

fn consent(world: &World, consumer: &str, status: ConsentStatus) -> ConsentToken {
    ConsentToken {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        call: None,
        number: number(consumer),
        token: "abc".into(),
        token_hash: token_hash("abc"),
        provider: ConsentProvider::Custom,
        status,
        detail: None,
        verified_at: None,
        expires_at: None,
        ip_address: Some("192.0.2.1".into()),
        source: Some("form".into()),
        metadata: json!({}),
        created_at: NOW,
        updated_at: NOW,
    }
}

#[tokio::test]
async fn lists_cover_their_campaigns() {
    let world = World::new().await;
    let campaign: CampaignId = world.ids.next(NOW);
    let everywhere = list(&world, DncListType::Custom).await;
    add(&world, &everywhere, &["+12125550100"]).await;
    let gate = gate(&world);
    let reason = |of: Option<CampaignId>| {
        gate.may_call(world.scope, &Screening { campaign: of, ..transfer("+12125550100", NOW) }).reason
    };
    for (applies_to_all, campaigns, without, with) in [
        (false, vec![], ComplianceReason::Cleared, ComplianceReason::Cleared),
        (false, vec![campaign], ComplianceReason::Cleared, ComplianceReason::OnDncList),
        (true, vec![], ComplianceReason::OnDncList, ComplianceReason::OnDncList),
    ] {
        let found = world.directory.dnc_lists.get(world.scope, everywhere.id).await.unwrap();
        let changed = DncList { applies_to_all, campaigns, ..found };
        world.directory.dnc_lists.save(world.scope, &changed, NOW).await.unwrap();
        gate.refresh(NOW).await.unwrap();
        assert_eq!((reason(None), reason(Some(campaign))), (without, with));
    }
}

/// A source that can be switched off, and that counts what is asked of it.
struct Fickle {
    store: store::Store,
    is_away: std::sync::atomic::AtomicBool,
}

impl Fickle {
    fn check(&self) -> Result<(), StoreError> {
        match self.is_away.load(std::sync::atomic::Ordering::Relaxed) {
            true => Err(StoreError::Unavailable("switched off".into())),
            false => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl ComplianceSource for Fickle {
    async fn compliance_versions(&self) -> Result<Vec<(TenantId, u64)>, StoreError> {
        self.check()?;
        self.store.compliance_versions().await
    }
    async fn compliance_data(&self, tenant: TenantId) -> Result<ComplianceData, StoreError> {
        self.check()?;
        self.store.compliance_data(tenant).await
    }
    async fn dnc_numbers(
        &self,
        tenant: TenantId,
        list: DncListId,
        after: u64,
        count_max: u32,
    ) -> Result<Vec<Digits>, StoreError> {
        self.store.dnc_numbers(tenant, list, after, count_max.min(7)).await
    }
    async fn dnc_marks(
        &self,
        tenant: TenantId,
        list: DncListId,
        after: (u64, u64),
        count_max: u32,
    ) -> Result<Vec<DncMark>, StoreError> {
        self.store.dnc_marks(tenant, list, after, count_max).await
    }
    async fn changed_consents(
        &self,
        tenant: TenantId,
        after: (Timestamp, ConsentId),
        count_max: u32,
    ) -> Result<Vec<ConsentToken>, StoreError> {
        self.store.changed_consents(tenant, after, count_max).await
    }
}

#[tokio::test]
async fn without_the_store_the_last_good_data_counts_for_an_hour() {
    let world = World::new().await;
    let list = list(&world, DncListType::Global).await;
    add(&world, &list, &["+12125550100"]).await;
    let source = Arc::new(Fickle { store: world.store.clone(), is_away: false.into() });
    let gate = Gate::new(source.clone());
    gate.refresh(NOW).await.unwrap();
    source.is_away.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(gate.refresh(at(10)).await.is_err());
    let reason = |consumer: &str, now| gate.may_call(world.scope, &transfer(consumer, now)).reason;
    assert_eq!(reason("+12125550100", at(3_600)), ComplianceReason::OnDncList);
    assert_eq!(reason("+12125550199", at(3_600)), ComplianceReason::Cleared);
    assert_eq!(reason("+12125550199", at(3_601)), ComplianceReason::DataUnavailable);
    source.is_away.store(false, std::sync::atomic::Ordering::Relaxed);
    gate.refresh(at(3_602)).await.unwrap();
    assert_eq!(reason("+12125550199", at(3_602)), ComplianceReason::Cleared);
    // One who was never read is not screened by guess.
    let unread = Gate::new(source.clone());
    source.is_away.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(unread.refresh(at(3_603)).await.is_err());
    let verdict = unread.may_call(world.scope, &transfer("+12125550199", at(3_603)));
    assert_eq!(verdict.reason, ComplianceReason::DataUnavailable);
}
