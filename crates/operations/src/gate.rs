//! The compliance gate: every outbound call, transfer and sale asks it, and it answers from memory.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use compliance::{
    Book, CallFacts, Consent, Digits, ListScope, NumberSet, Override, Policy, screen, token_hash, unavailable,
};
use domain::{CallId, CampaignId, CompliancePath, ComplianceVerdict, ConsentId, DncListId, TenantId, Timestamp};

use crate::{
    ComplianceData, ComplianceSource, ConsentStatus, ConsentToken, DncList, DncListType, DncMark, StoreError,
    TenantScope,
};

/// Rows read at a time.
const ROWS_AT_ONCE: u32 = 20_000;
/// A list with more changes than these since it was read is read anew: putting them in one by one would hold calls up.
const MARKS_MAX: usize = 50_000;
/// A change is committed at most so long after the moment it carries: consents that far back are looked at again.
const COMMIT_DELAY_MAX: Duration = Duration::from_secs(60);
/// Consumers with a consent held in memory for a tenant, some 110 bytes each. Who is beyond it counts as without consent.
const CONSENTS_MAX: usize = 1_000_000;

/// What is about to happen to a consumer.
#[derive(Clone, Copy, Debug)]
pub struct Screening<'a> {
    /// What.
    pub path: CompliancePath,
    /// The consumer's number: who is dialled, or, for a sale, the caller.
    pub consumer: &'a str,
    /// The campaign.
    pub campaign: Option<CampaignId>,
    /// The call, where there is one already.
    pub call: Option<CallId>,
    /// A consent token to rely on.
    pub consent_token: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

/// Every tenant's policies, lists, consents and overrides in memory. With the store away it goes on from what it has, as long as
/// the policy allows.
pub struct Gate {
    source: Arc<dyn ComplianceSource>,
    tenants: RwLock<HashMap<TenantId, Arc<RwLock<Held>>>>,
    /// When everything was last known to be current, microseconds; `i64::MIN` before the first time.
    current_at: AtomicI64,
}

/// One tenant's data. `version` is `None` until it was read once.
#[derive(Debug, Default)]
struct Held {
    version: Option<u64>,
    book: Book,
    consents_read_to: Option<Timestamp>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("tenants", &self.tenants().len()).finish_non_exhaustive()
    }
}

/// What a list is brought up to date with.
enum Fresh {
    /// All of its numbers, and the version.
    Whole(NumberSet, u64),
    /// What changed since the version it has.
    Marks(Vec<DncMark>),
}

impl Gate {
    /// Knows nothing, and so forbids everything, until the first [`Gate::refresh`].
    pub fn new(source: Arc<dyn ComplianceSource>) -> Self {
        Self { source, tenants: RwLock::default(), current_at: AtomicI64::new(i64::MIN) }
    }

    fn tenants(&self) -> HashMap<TenantId, Arc<RwLock<Held>>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// May this call happen? Never waits for anything but memory. The verdict is the evidence: store it with the call.
    pub fn may_call(&self, scope: TenantScope, wanted: &Screening<'_>) -> ComplianceVerdict {
        let current_at = self.current_at.load(Ordering::Acquire);
        let facts = CallFacts {
            path: wanted.path,
            consumer: wanted.consumer,
            campaign: wanted.campaign,
            call: wanted.call,
            consent_token: wanted.consent_token,
            now: wanted.now,
            data_age: wanted.now.since(Timestamp::from_micros(current_at)),
        };
        if current_at == i64::MIN {
            return unavailable(&facts, "policies, lists and consents have not been read since the start");
        }
        let held = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&scope.tenant()).cloned();
        // A tenant that has set nothing has the built-in policy.
        let Some(held) = held else { return screen(&facts, &Book::default()) };
        let held = held.read().unwrap_or_else(PoisonError::into_inner);
        match held.version {
            Some(_) => screen(&facts, &held.book),
            None => unavailable(&facts, "the tenant's policies, lists and consents could not be read yet"),
        }
    }

    /// The policy in force for a campaign's calls.
    pub fn policy(&self, scope: TenantScope, campaign: Option<CampaignId>) -> Policy {
        let held = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&scope.tenant()).cloned();
        held.map_or_else(Policy::default, |held| {
            held.read().unwrap_or_else(PoisonError::into_inner).book.policy(campaign).1
        })
    }

    /// Reads what has changed; answers how many tenants had. To be called several times a second: without changes it is one small
    /// query. When it fails, the last good data stays in force and ages.
    pub async fn refresh(&self, now: Timestamp) -> Result<usize, StoreError> {
        let versions = self.source.compliance_versions().await?;
        let mut changed = Vec::new();
        {
            let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
            tenants.retain(|tenant, _| versions.iter().any(|(known, _)| known == tenant));
            for (tenant, version) in &versions {
                let held = tenants.entry(*tenant).or_default();
                let known = held.read().unwrap_or_else(PoisonError::into_inner).version;
                if known.is_none_or(|known| known < *version) {
                    changed.push((*tenant, Arc::clone(held)));
                }
            }
        }
        let count = changed.len();
        let mut failure = None;
        for (tenant, held) in changed {
            // One tenant's trouble is not another's; the moment stays old, so that it is tried again.
            if let Err(error) = self.bring_up(tenant, &held, now).await {
                tracing::error!(%tenant, %error, "compliance data could not be read; the last good stays in force");
                failure = Some(error);
            }
        }
        match failure {
            Some(error) => Err(error),
            None => {
                self.current_at.fetch_max(now.micros(), Ordering::AcqRel);
                Ok(count)
            }
        }
    }

    /// Reads first, then changes all at once, unless somebody else did meanwhile.
    async fn bring_up(&self, tenant: TenantId, held: &RwLock<Held>, now: Timestamp) -> Result<(), StoreError> {
        let (started, known, read_to) = {
            let held = held.read().unwrap_or_else(PoisonError::into_inner);
            let lists: HashMap<DncListId, u64> = held.book.lists().iter().map(|list| (list.id, list.version)).collect();
            (held.version, lists, held.consents_read_to)
        };
        let data = self.source.compliance_data(tenant).await?;
        let mut fresh = HashMap::with_capacity(data.lists.len());
        for list in &data.lists {
            let news = match known.get(&list.id) {
                Some(version) if *version >= list.version => continue,
                Some(version) => match self.marks(tenant, list, *version).await? {
                    Some(marks) => Fresh::Marks(marks),
                    None => self.whole(tenant, list).await?,
                },
                None => self.whole(tenant, list).await?,
            };
            fresh.insert(list.id, news);
        }
        let consents = self.consents(tenant, read_to).await?;
        let mut held = held.write().unwrap_or_else(PoisonError::into_inner);
        if held.version != started {
            return Ok(());
        }
        if let Some(last) = consents.iter().map(|consent| consent.updated_at).max() {
            held.consents_read_to = Some(last);
        }
        held.version = Some(data.version);
        apply(&mut held.book, data, fresh, &consents, now);
        Ok(())
    }

    /// Every number of a list. The version is that of before the first was read; what was added meanwhile is read again.
    async fn whole(&self, tenant: TenantId, list: &DncList) -> Result<Fresh, StoreError> {
        let mut numbers = NumberSet::default();
        let mut after = 0;
        loop {
            let page = self.source.dnc_numbers(tenant, list.id, after, ROWS_AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = last.get();
            let is_last = page.len() < ROWS_AT_ONCE as usize;
            let left_out = numbers.append(page);
            if left_out > 0 {
                return Err(StoreError::failed(format!("the list {} is not in order: {left_out} left out", list.id)));
            }
            if is_last {
                break;
            }
        }
        let mut version = list.version;
        let mut position = (version, u64::MAX);
        loop {
            let marks = self.source.dnc_marks(tenant, list.id, position, ROWS_AT_ONCE).await?;
            marks.iter().for_each(|mark| put(&mut numbers, mark));
            let Some(last) = marks.last() else { return Ok(Fresh::Whole(numbers, version)) };
            version = last.version;
            position = (last.version, last.number.get());
        }
    }

    /// What changed since `version`; `None` when it is too much.
    async fn marks(&self, tenant: TenantId, list: &DncList, version: u64) -> Result<Option<Vec<DncMark>>, StoreError> {
        let mut marks: Vec<DncMark> = Vec::new();
        let mut position = (version, u64::MAX);
        loop {
            let page = self.source.dnc_marks(tenant, list.id, position, ROWS_AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(Some(marks)) };
            position = (last.version, last.number.get());
            marks.extend(page);
            if marks.len() > MARKS_MAX {
                return Ok(None);
            }
        }
    }

    async fn consents(&self, tenant: TenantId, read_to: Option<Timestamp>) -> Result<Vec<ConsentToken>, StoreError> {
        let from = read_to.map_or(Timestamp::from_micros(i64::MIN), |moment| moment.before(COMMIT_DELAY_MAX));
        let mut after = (from, ConsentId(uuid::Uuid::nil()));
        let mut all: Vec<ConsentToken> = Vec::new();
        loop {
            let page = self.source.changed_consents(tenant, after, ROWS_AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = (last.updated_at, last.id);
            // A first reading needs only what is worth something.
            all.extend(page.into_iter().filter(|one| read_to.is_some() || one.status == ConsentStatus::Verified));
        }
    }
}

fn put(numbers: &mut NumberSet, mark: &DncMark) {
    if mark.removed {
        numbers.remove(mark.number);
    } else {
        numbers.insert(mark.number);
    }
}

fn scope_of(list: &DncList) -> ListScope {
    match list.kind {
        DncListType::Global => ListScope::All,
        DncListType::Campaign => ListScope::Campaigns(list.campaign.into_iter().collect()),
        DncListType::Custom if list.applies_to_all => ListScope::All,
        DncListType::Custom => ListScope::Campaigns(list.campaigns.clone()),
    }
}

fn apply(
    book: &mut Book,
    data: ComplianceData,
    mut fresh: HashMap<DncListId, Fresh>,
    consents: &[ConsentToken],
    now: Timestamp,
) {
    let (own, of_campaigns): (Vec<_>, Vec<_>) = data.policies.into_iter().partition(|policy| policy.campaign.is_none());
    let own = own.into_iter().next().map(|policy| (policy.version, policy.policy));
    let of_campaigns = of_campaigns
        .into_iter()
        .filter_map(|policy| Some((policy.campaign?, (policy.version, policy.policy))))
        .collect();
    book.set_policies(own, of_campaigns);
    let ids: Vec<DncListId> = data.lists.iter().map(|list| list.id).collect();
    for list in data.lists {
        let news = fresh.remove(&list.id);
        match (book.list_mut(list.id), news) {
            (Some(known), news) => {
                known.scope = scope_of(&list);
                known.name = list.name;
                known.scrubbed_at = list.scrubbed_at;
                known.must_be_fresh = list.must_be_fresh;
                match news {
                    Some(Fresh::Whole(numbers, version)) => (known.numbers, known.version) = (numbers, version),
                    Some(Fresh::Marks(marks)) => {
                        marks.iter().for_each(|mark| put(&mut known.numbers, mark));
                        known.version = marks.last().map_or(known.version, |mark| mark.version);
                    }
                    None => {}
                }
            }
            (None, Some(Fresh::Whole(numbers, version))) => book.set_list(compliance::DncList {
                id: list.id,
                scope: scope_of(&list),
                name: list.name,
                version,
                scrubbed_at: list.scrubbed_at,
                must_be_fresh: list.must_be_fresh,
                numbers,
            }),
            // A list that was not known is always read whole.
            (None, _) => {}
        }
    }
    book.keep_lists(&ids);
    let overrides = data.overrides.iter().map(|given| Override {
        id: given.id,
        number: Digits::from(&given.number),
        call: given.call,
        expires_at: given.expires_at,
    });
    book.set_overrides(overrides.collect());
    for token in consents {
        let number = Digits::from(&token.number);
        if token.status_at(now) != ConsentStatus::Verified {
            book.remove_consent(number, token.id);
        } else if book.consent_count() < CONSENTS_MAX {
            let consent = Consent {
                id: token.id,
                token: token_hash(&token.token),
                since: token.created_at,
                expires_at: token.expires_at,
            };
            book.set_consent(number, consent);
        } else {
            tracing::error!(tenant = %token.tenant, "more consents than are held in memory; this one does not count");
        }
    }
}
