//! Who calls, and over whose network: what the tenant says, else what was answered a while ago, else who is asked for money.

use std::{sync::Arc, time::Duration};

use domain::{PhoneNumber, Timestamp};

use crate::{
    Directory, KeptLookup, LookupCache, LookupKind, LookupProvider, NumberFacts, NumberOverride, NumberOverrideFilter,
    PageRequest, ProviderError, StoreError, TenantScope,
};

/// What stands in an answer for the provider where it is the tenant's own.
pub const OVERRIDE_PROVIDER: &str = "override";
/// Longest text of an answer that is kept, characters. A caller name has 15.
const FACT_CHARS_MAX: usize = 200;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// Nobody of this name is asked here.
    #[error("is not one of {known}, or has no account here")]
    UnknownProvider {
        /// Who is.
        known: String,
    },
    /// Nobody is asked here at all.
    #[error(
        "nobody is asked about numbers here: set lookups.twilio_api_key and lookups.twilio_api_secret, or \
         numbers.telnyx_api_key"
    )]
    NotConfigured,
    /// The provider did not answer the question.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An answer, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// The number.
    pub number: PhoneNumber,
    /// What is known.
    pub facts: NumberFacts,
    /// Who said so; [`OVERRIDE_PROVIDER`] for the tenant.
    pub provider: String,
    /// It was answered before, and nobody was asked now.
    pub is_cached: bool,
    /// When it was said.
    pub said_at: Timestamp,
    /// Until when it is kept; absent for what the tenant says.
    pub kept_until: Option<Timestamp>,
}

/// Who is to be asked.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds a port, which is a trait")]
pub struct Asked(Arc<dyn LookupProvider>);

/// The use cases.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds ports, which are traits")]
pub struct Lookups {
    directory: Directory,
    cache: Arc<dyn LookupCache>,
    providers: Vec<Arc<dyn LookupProvider>>,
    default_provider: Option<String>,
    kept: Duration,
}

impl Lookups {
    /// `default_provider` where nobody is named; else the first that has an account. Answers are kept for `kept`.
    pub fn new(
        directory: Directory,
        cache: Arc<dyn LookupCache>,
        providers: Vec<Arc<dyn LookupProvider>>,
        default_provider: Option<String>,
        kept: Duration,
    ) -> Self {
        Self { directory, cache, providers, default_provider, kept }
    }

    /// What the tenant says.
    pub async fn said_by_tenant(
        &self,
        scope: TenantScope,
        kind: LookupKind,
        number: &PhoneNumber,
    ) -> Result<Option<NumberOverride>, StoreError> {
        let filter = NumberOverrideFilter { kind: Some(kind), number: Some(number.clone()) };
        let page = PageRequest::number(1, 1);
        Ok(self.directory.number_overrides.list(scope, &filter, &page).await?.items.into_iter().next())
    }

    /// What is known without asking anybody; or who is to be asked.
    pub async fn known(
        &self,
        scope: TenantScope,
        kind: LookupKind,
        number: &PhoneNumber,
        provider: Option<&str>,
        uses_cache: bool,
        now: Timestamp,
    ) -> Result<Result<LookedUp, Asked>, LookupError> {
        if let Some(name) = provider {
            self.configured(name)?;
        }
        if let Some(own) = self.said_by_tenant(scope, kind, number).await? {
            return Ok(Ok(LookedUp {
                number: own.number,
                facts: own.facts,
                provider: OVERRIDE_PROVIDER.to_owned(),
                is_cached: false,
                said_at: own.updated_at,
                kept_until: None,
            }));
        }
        let asked = self.choose(provider)?;
        let kept = match uses_cache {
            true => self.cache.kept_lookup(kind, number, asked.name(), now).await?,
            false => None,
        };
        Ok(kept.map(|kept| looked_up(kept, true)).ok_or_else(|| Asked(asked.clone())))
    }

    /// Asks, and keeps the answer. It costs money.
    pub async fn ask(
        &self,
        asked: &Asked,
        kind: LookupKind,
        number: &PhoneNumber,
        now: Timestamp,
    ) -> Result<LookedUp, LookupError> {
        let facts = bounded(asked.0.look_up(kind, number).await?);
        let answer = KeptLookup {
            kind,
            number: number.clone(),
            provider: asked.0.name().to_owned(),
            facts,
            looked_up_at: now,
            kept_until: now.after(self.kept),
        };
        self.cache.keep_lookup(&answer).await?;
        Ok(looked_up(answer, false))
    }

    fn with_account(&self) -> impl Iterator<Item = &Arc<dyn LookupProvider>> {
        self.providers.iter().filter(|provider| provider.is_configured())
    }

    fn configured(&self, name: &str) -> Result<&Arc<dyn LookupProvider>, LookupError> {
        let known = self.providers.iter().map(|provider| provider.name()).collect::<Vec<_>>().join(", ");
        self.with_account().find(|provider| provider.name() == name).ok_or(LookupError::UnknownProvider { known })
    }

    fn choose(&self, name: Option<&str>) -> Result<&Arc<dyn LookupProvider>, LookupError> {
        match name.or(self.default_provider.as_deref()) {
            Some(name) => self.configured(name),
            None => self.with_account().next().ok_or(LookupError::NotConfigured),
        }
    }
}

fn looked_up(kept: KeptLookup, is_cached: bool) -> LookedUp {
    LookedUp {
        number: kept.number,
        facts: kept.facts,
        provider: kept.provider,
        is_cached,
        said_at: kept.looked_up_at,
        kept_until: Some(kept.kept_until),
    }
}

/// What is blank is not known, and nothing is longer than anybody reads.
fn bounded(facts: NumberFacts) -> NumberFacts {
    let text = |fact: Option<String>| {
        let text: String = fact?.trim().chars().filter(|one| !one.is_control()).take(FACT_CHARS_MAX).collect();
        (!text.is_empty()).then_some(text)
    };
    NumberFacts {
        caller_name: text(facts.caller_name),
        caller_type: text(facts.caller_type),
        carrier: text(facts.carrier),
        line_type: text(facts.line_type),
        mobile_country_code: text(facts.mobile_country_code),
        mobile_network_code: text(facts.mobile_network_code),
        lata: text(facts.lata),
        ocn: text(facts.ocn),
    }
}
