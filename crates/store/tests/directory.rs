//! The directory on a real database file: from an empty one, apart by tenant, with its rules kept by the database.

mod support;

use std::time::Duration;

use domain::*;
use operations::*;
use serde_json::json;
use support::{NOW, World, at, publisher, tenant};

#[tokio::test]
async fn an_empty_file_gets_the_schema_once() {
    let world = World::new().await;
    let world = world.reopened().await;
    let found = world.directory.tenants.find_tenant_by_slug("acme").await.unwrap();
    assert_eq!(found, Some(world.tenant.clone()));
    world.store.ping().await.unwrap();
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let world = World::new().await;
    let caps = routing::Caps { concurrency: Some(3), ..routing::Caps::NONE };
    let (buyer, endpoint) = world.buyer("B1", caps).await;
    assert_eq!(world.directory.buyers.get(world.scope, buyer.id).await.unwrap(), buyer);
    assert_eq!(world.directory.endpoints.get(world.scope, endpoint.id).await.unwrap(), endpoint);
    let account = world.rate_card().await;
    let (found, card) = world.directory.books.rate_card_at(world.scope, NOW).await.unwrap().unwrap();
    assert_eq!((found, card.account), (account.clone(), account.id));
    assert_eq!(card.rates.inbound.per_minute, Some(Micros(30_000)));
}

#[tokio::test]
async fn a_tenant_sees_and_touches_only_its_own() {
    let world = World::new().await;
    let other = tenant(&world.ids, "other");
    world.directory.tenants.insert_tenant(&other).await.unwrap();
    let theirs = TenantScope::of(other.id);
    let publishers = &world.directory.publishers;
    assert_eq!(publishers.find(theirs, world.publisher.id).await.unwrap(), None);
    assert!(matches!(publishers.save(theirs, &world.publisher, NOW).await, Err(StoreError::NotFound("publisher"))));
    assert!(matches!(publishers.remove(theirs, world.publisher.id).await, Err(StoreError::NotFound("publisher"))));
    assert!(matches!(publishers.insert(theirs, &world.publisher).await, Err(StoreError::NotFound("publisher"))));
    // Nor can a row of one tenant point at another's.
    let campaign = campaign(&world, world.publisher.id);
    let stolen = Campaign { id: world.ids.next(NOW), tenant: other.id, ..campaign };
    assert!(matches!(world.directory.campaigns.insert(theirs, &stolen).await, Err(StoreError::Reference { .. })));
}

fn campaign(world: &World, publisher: PublisherId) -> Campaign {
    Campaign {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        publisher,
        name: "Roofing".into(),
        status: CampaignStatus::Active,
        routing_mode: RoutingMode::Static,
        strategy: Some(Strategy::LeastCalls),
        buyers: vec![],
        payout: Some(routing::CampaignPayout { amount: Micros::from_units(3), after_ms: 30_000 }),
        flow: None,
        time_zone: Some("America/New_York".into()),
        record: true,
        caller_id_pool: None,
        intro_audio: None,
        metadata: json!({"introAudio": "hello.wav"}),
        created_at: NOW,
        updated_at: NOW,
    }
}

#[tokio::test]
async fn who_reads_old_does_not_overwrite_new() {
    let world = World::new().await;
    let campaign = campaign(&world, world.publisher.id);
    let campaigns = &world.directory.campaigns;
    campaigns.insert(world.scope, &campaign).await.unwrap();
    let mine = Campaign { name: "Mine".into(), ..campaign.clone() };
    let saved = campaigns.save(world.scope, &mine, NOW).await.unwrap();
    assert!(saved.updated_at > campaign.updated_at, "the mark moves though time stands still");
    let theirs = Campaign { name: "Theirs".into(), ..campaign.clone() };
    assert!(matches!(campaigns.save(world.scope, &theirs, at(1)).await, Err(StoreError::Stale("campaign"))));
    assert_eq!(campaigns.get(world.scope, campaign.id).await.unwrap(), saved);
    let taken = world.directory.publishers.insert(world.scope, &publisher(&world.ids, world.tenant.id, "PUB")).await;
    assert!(matches!(taken, Err(StoreError::Conflict { entity: "publisher", .. })), "{taken:?}");
    let needed = world.directory.publishers.remove(world.scope, world.publisher.id).await;
    assert!(matches!(needed, Err(StoreError::Conflict { entity: "publisher", .. })), "{needed:?}");
    campaigns.remove(world.scope, campaign.id).await.unwrap();
    world.directory.publishers.remove(world.scope, world.publisher.id).await.unwrap();
}

#[tokio::test]
async fn pages_by_number_and_by_cursor_show_everything_once() {
    let world = World::new().await;
    for index in 0..25 {
        let one = publisher(&world.ids, world.tenant.id, &format!("P{index:02}"));
        world.directory.publishers.insert(world.scope, &one).await.unwrap();
    }
    let all = PublisherFilter::default();
    let publishers = &world.directory.publishers;
    let mut codes = Vec::new();
    let mut page = PageRequest::number(1, 10);
    loop {
        let found = publishers.list(world.scope, &all, &page).await.unwrap();
        codes.extend(found.items.into_iter().map(|one| one.code));
        let Some(next) = found.next else { break };
        page = PageRequest::after(next, 10);
    }
    let mut sorted = codes.clone();
    sorted.sort();
    assert_eq!((codes.len(), &codes), (26, &sorted), "by name");
    let third = publishers.list(world.scope, &all, &PageRequest::number(3, 10)).await.unwrap();
    assert_eq!((third.items.len(), third.total, third.next), (6, Some(Total::known(26)), None));
    let searched = PublisherFilter { search: Some("P07".into()), ..all };
    let found = publishers.list(world.scope, &searched, &PageRequest::default()).await.unwrap();
    assert_eq!((found.items.len(), found.total), (1, Some(Total::known(1))));
    let foreign = publishers.list(world.scope, &searched, &PageRequest::after("nonsense".into(), 10)).await;
    assert!(matches!(foreign, Err(StoreError::Cursor)));
}

#[tokio::test]
async fn keys_and_sessions_are_found_by_hash_alone() {
    let world = World::new().await;
    let token = new_token("hw_", &mut Seed::from_number(3));
    let key = ApiKey {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        name: "ci".into(),
        key_hash: token.hash.clone(),
        prefix: token.prefix.clone(),
        status: ApiKeyStatus::Active,
        scopes: vec!["calls:read".into()],
        publisher: None,
        buyer: None,
        created_by: None,
        rotated_to: None,
        rate_limit_per_minute: Some(60),
        last_used_at: None,
        expires_at: None,
        created_at: NOW,
        updated_at: NOW,
    };
    world.directory.api_keys.insert(world.scope, &key).await.unwrap();
    let sign_in = &world.directory.sign_in;
    assert_eq!(sign_in.api_key_by_hash(&token_hash(&token.token)).await.unwrap(), Some(key.clone()));
    sign_in.touch_api_key(world.scope, key.id, at(1)).await.unwrap();
    sign_in.touch_api_key(world.scope, key.id, at(30)).await.unwrap();
    let touched = world.directory.api_keys.get(world.scope, key.id).await.unwrap();
    assert_eq!(touched.last_used_at, Some(at(1)), "noted once a minute");
    let user = user(&world, "a@example.com");
    world.directory.users.insert(world.scope, &user).await.unwrap();
    assert_eq!(sign_in.users_by_email("a@example.com").await.unwrap(), vec![user.clone()]);
    let session = Session {
        id: world.ids.next(NOW),
        token_hash: "abc".into(),
        tenant: world.tenant.id,
        user: user.id,
        created_at: NOW,
        expires_at: at(60),
        seen_at: NOW,
        proven_at: NOW,
        method: SignInMethod::Password,
        address: Some("192.0.2.7".into()),
        user_agent: None,
    };
    sign_in.insert_session(&session).await.unwrap();
    assert_eq!(sign_in.find_session("abc", at(59)).await.unwrap(), Some(session.clone()));
    assert_eq!(sign_in.find_session("abc", at(60)).await.unwrap(), None, "over");
    let link = AccountLink {
        token_hash: "def".into(),
        tenant: world.tenant.id,
        user: user.id,
        purpose: LinkPurpose::PasswordReset,
        created_at: NOW,
        expires_at: at(90),
    };
    world.directory.aids.insert_link(&link).await.unwrap();
    for (second, forgotten) in [(59, 0), (60, 1), (89, 0), (90, 1)] {
        let aids = &world.directory.aids;
        assert_eq!(aids.forget_expired(at(second)).await.unwrap(), forgotten, "each when its time is up");
    }
    sign_in.insert_session(&session).await.unwrap();
    sign_in.remove_session("abc").await.unwrap();
    assert_eq!(sign_in.find_session("abc", at(1)).await.unwrap(), None);
}

fn user(world: &World, email: &str) -> User {
    User {
        id: world.ids.next(NOW),
        tenant: world.tenant.id,
        email: email.into(),
        password_hash: "x".into(),
        first_name: Some("Ada".into()),
        last_name: None,
        status: UserStatus::Active,
        roles: vec![Role::Owner],
        custom_roles: Vec::new(),
        publisher: None,
        buyer: None,
        must_change_password: false,
        password_changed_at: None,
        invited_at: None,
        last_login_at: None,
        metadata: json!({}),
        created_at: NOW,
        updated_at: NOW,
    }
}

#[tokio::test]
async fn a_published_version_never_changes() {
    let world = World::new().await;
    let flows = Flows::new(world.directory.clone(), world.ids.clone());
    let document = |text: &str| {
        json!({"id": "greet", "name": "Greet", "version": "1.0", "entry": {"id": "start", "type": "entry", "target": "bye"},
            "nodes": [{"id": "bye", "type": "tag", "tags": {"said": text}, "next": "end"},
                      {"id": "end", "type": "hangup", "reason": "normal"}]})
    };
    let (flow, draft) = flows.save(world.scope, &document("one"), None, NOW).await.unwrap();
    let (_, redrafted) = flows.save(world.scope, &document("two"), None, at(1)).await.unwrap();
    assert_eq!((draft.version, redrafted.version), (1, 1), "a draft may be written over");
    let published = flows.publish(world.scope, flow.id, 1, at(2)).await.unwrap();
    assert!(published.is_published && published.document == document("two"));
    let (_, next) = flows.save(world.scope, &document("three"), None, at(3)).await.unwrap();
    assert_eq!(next.version, 2, "the published one stays, the next number is taken");
    flows.publish(world.scope, flow.id, 2, at(4)).await.unwrap();
    let versions = world.directory.flow_versions.list_versions(world.scope, flow.id).await.unwrap();
    let live: Vec<(u32, bool)> = versions.iter().map(|version| (version.version, version.is_published)).collect();
    assert_eq!(live, vec![(2, true), (1, false)]);
    flows.publish(world.scope, flow.id, 1, at(5)).await.unwrap();
    let head = world.directory.flows.get(world.scope, flow.id).await.unwrap();
    assert_eq!((head.published_version, head.status), (Some(1), FlowStatus::Active), "rolled back");
    let refused = world.directory.flow_versions.remove_version(world.scope, flow.id, 2).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    let faulty = json!({"id": "greet", "name": "Greet", "version": "3", "entry": {"id": "s", "type": "entry", "target": "gone"}, "nodes": []});
    let FlowError::Invalid(faults) = flows.save(world.scope, &faulty, None, at(6)).await.unwrap_err() else { panic!() };
    assert!(!faults.is_empty());
}

fn answer(number: &PhoneNumber, provider: &str, name: Option<&str>) -> KeptLookup {
    KeptLookup {
        kind: LookupKind::CallerName,
        number: number.clone(),
        provider: provider.to_owned(),
        facts: NumberFacts { caller_name: name.map(str::to_owned), ..NumberFacts::default() },
        looked_up_at: NOW,
        kept_until: NOW.after(Duration::from_secs(60)),
    }
}

#[tokio::test]
async fn an_answer_is_kept_until_its_time_is_up() {
    let world = World::new().await;
    let cache: &dyn LookupCache = &world.store;
    let number: PhoneNumber = "+12125550147".parse().unwrap();
    let one = answer(&number, "twilio", Some("ROSA"));
    let find = async |provider: &str, seconds: u64| {
        let at = NOW.after(Duration::from_secs(seconds));
        cache.kept_lookup(LookupKind::CallerName, &number, provider, at).await.unwrap()
    };
    assert_eq!(find("twilio", 0).await, None);
    cache.keep_lookup(&one).await.unwrap();
    cache.keep_lookup(&answer(&number, "telnyx", None)).await.unwrap();
    assert_eq!(find("twilio", 59).await, Some(one.clone()));
    assert_eq!(find("telnyx", 0).await.unwrap().facts, NumberFacts::default());
    assert_eq!(find("twilio", 60).await, None);
    assert_eq!(cache.kept_lookup(LookupKind::Carrier, &number, "twilio", NOW).await.unwrap(), None);
    let later =
        KeptLookup { kept_until: NOW.after(Duration::from_secs(600)), ..answer(&number, "twilio", Some("R D")) };
    cache.keep_lookup(&later).await.unwrap();
    assert_eq!(find("twilio", 60).await, Some(later), "the newest answer counts");
    let then = NOW.after(Duration::from_secs(60));
    assert_eq!(cache.forget_lookups(then, 10).await.unwrap(), 1);
    assert_eq!(cache.forget_lookups(then, 10).await.unwrap(), 0);
    assert!(find("twilio", 60).await.is_some());
}

#[tokio::test]
async fn what_tenants_say_of_numbers_is_theirs() {
    let world = World::new().await;
    let other = tenant(&world.ids, "other");
    world.directory.tenants.insert_tenant(&other).await.unwrap();
    let said = |tenant: TenantId, kind: LookupKind| NumberOverride {
        id: world.ids.next(NOW),
        tenant,
        kind,
        number: "+12125550147".parse().unwrap(),
        facts: NumberFacts { lata: Some("132".to_owned()), ocn: Some("600A".to_owned()), ..NumberFacts::default() },
        reason: "known".to_owned(),
        set_by: "user:x".to_owned(),
        created_at: NOW,
        updated_at: NOW,
    };
    let overrides = &world.directory.number_overrides;
    let own = said(world.tenant.id, LookupKind::Carrier);
    overrides.insert(world.scope, &own).await.unwrap();
    let again = overrides.insert(world.scope, &said(world.tenant.id, LookupKind::Carrier)).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    overrides.insert(world.scope, &said(world.tenant.id, LookupKind::CallerName)).await.unwrap();
    let theirs = TenantScope::of(other.id);
    overrides.insert(theirs, &said(other.id, LookupKind::Carrier)).await.unwrap();
    let filter = NumberOverrideFilter { kind: Some(LookupKind::Carrier), number: Some(own.number.clone()) };
    let found = overrides.list(world.scope, &filter, &PageRequest::default()).await.unwrap().items;
    assert_eq!(found, std::slice::from_ref(&own));
    assert_eq!(overrides.find(theirs, own.id).await.unwrap(), None);
}
