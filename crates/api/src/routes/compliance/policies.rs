//! Compliance policies: the tenant's own, and campaigns'.

use axum::{Json, http::StatusCode};
use compliance::{MinuteOfDay, Policy, Rules, Week, WhenUnsure, Window};
use domain::CampaignId;
use garde::Validate;
use operations::{CompliancePolicyFilter, PageRequest, policy_name};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::Time,
};

/// Oldest scrub a policy may allow, days.
const LIST_AGE_DAYS_MAX: u16 = 366;
/// Oldest data a policy may allow, seconds: a week.
const DATA_AGE_SECS_MAX: u32 = 604_800;
/// Entity name of audit entries.
const ENTITY: &str = "compliance.policy";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Compliance")
        .needs(Permission::ComplianceRead, routes!(read))
        .needs(Permission::ComplianceWrite, routes!(put))
        .needs(Permission::ComplianceRead, routes!(read_of_campaign))
        .needs(Permission::ComplianceWrite, routes!(put_of_campaign))
        .needs(Permission::ComplianceWrite, routes!(remove_of_campaign))
}

/// Which rules one path of a call is put to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComplianceRules {
    /// Do-not-call lists.
    #[garde(skip)]
    dnc: bool,
    /// Consent.
    #[garde(skip)]
    consent: bool,
    /// Calling hours.
    #[garde(skip)]
    calling_hours: bool,
}

impl ComplianceRules {
    const fn of(rules: Rules) -> Self {
        Self { dnc: rules.dnc, consent: rules.consent, calling_hours: rules.calling_hours }
    }

    const fn stored(self) -> Rules {
        Rules { dnc: self.dnc, consent: self.consent, calling_hours: self.calling_hours }
    }
}

/// What happens when something cannot be checked.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unsure {
    /// The call does not happen.
    Block,
    /// The rule counts as passed.
    Allow,
}

impl Unsure {
    const fn of(unsure: WhenUnsure) -> Self {
        match unsure {
            WhenUnsure::Block => Self::Block,
            WhenUnsure::Allow => Self::Allow,
        }
    }

    const fn stored(self) -> WhenUnsure {
        match self {
            Self::Block => WhenUnsure::Block,
            Self::Allow => WhenUnsure::Allow,
        }
    }
}

/// From the first minute until just before the last.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallingWindow {
    /// The first minute, 00:00 to 24:00.
    #[garde(pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"))]
    #[schema(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", example = "08:00")]
    from: String,
    /// After `from`.
    #[garde(pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"))]
    #[schema(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", example = "21:00")]
    to: String,
}

/// A week at the consumer's place; a day that is null or absent is closed.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallingWeek {
    /// On Mondays; null or absent: closed.
    #[garde(dive)]
    mon: Option<CallingWindow>,
    /// On Tuesdays; null or absent: closed.
    #[garde(dive)]
    tue: Option<CallingWindow>,
    /// On Wednesdays; null or absent: closed.
    #[garde(dive)]
    wed: Option<CallingWindow>,
    /// On Thursdays; null or absent: closed.
    #[garde(dive)]
    thu: Option<CallingWindow>,
    /// On Fridays; null or absent: closed.
    #[garde(dive)]
    fri: Option<CallingWindow>,
    /// On Saturdays; null or absent: closed.
    #[garde(dive)]
    sat: Option<CallingWindow>,
    /// On Sundays; null or absent: closed.
    #[garde(dive)]
    sun: Option<CallingWindow>,
}

impl CallingWeek {
    fn of(week: &Week) -> Self {
        let day = |window: Option<Window>| {
            window.map(|window| CallingWindow { from: window.from.to_string(), to: window.to.to_string() })
        };
        Self {
            mon: day(week.mon),
            tue: day(week.tue),
            wed: day(week.wed),
            thu: day(week.thu),
            fri: day(week.fri),
            sat: day(week.sat),
            sun: day(week.sun),
        }
    }

    fn stored(&self) -> ApiResult<Week> {
        let time = |text: &str| {
            text.parse::<MinuteOfDay>()
                .map_err(|error| ApiError::validation(vec![Fault::body("callingHours", format!("is {error}"))]))
        };
        let day = |window: &Option<CallingWindow>| match window {
            Some(window) => Ok(Some(Window { from: time(&window.from)?, to: time(&window.to)? })),
            None => Ok(None),
        };
        let week = Week {
            mon: day(&self.mon)?,
            tue: day(&self.tue)?,
            wed: day(&self.wed)?,
            thu: day(&self.thu)?,
            fri: day(&self.fri)?,
            sat: day(&self.sat)?,
            sun: day(&self.sun)?,
        };
        let faults = week.faults();
        let fault = |day: &&str| Fault::body(format!("callingHours.{day}.to"), "must be after from");
        if faults.is_empty() { Ok(week) } else { Err(ApiError::validation(faults.iter().map(fault).collect())) }
    }
}

/// What a policy says. PUT replaces all of it; what is not named gets its default.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CompliancePolicyRules {
    /// Look into do-not-call lists at all.
    #[garde(skip)]
    enforce_dnc: bool,
    /// Ask for consent at all.
    #[garde(skip)]
    enforce_consent: bool,
    /// Keep calling hours at all.
    #[garde(skip)]
    enforce_calling_hours: bool,
    /// May people override the rules for a number?
    #[garde(skip)]
    allow_override: bool,
    /// Does a second person have to approve an override?
    #[garde(skip)]
    require_admin_approval: bool,
    /// Rules for calls the platform makes.
    #[garde(dive)]
    outbound: ComplianceRules,
    /// Rules for calls passed on to a number outside.
    #[garde(dive)]
    transfers: ComplianceRules,
    /// Rules for selling somebody who called us.
    #[garde(dive)]
    inbound: ComplianceRules,
    /// When a consumer may be called, at the consumer's place.
    #[garde(dive)]
    calling_hours: CallingWeek,
    /// Keep the stricter hours of the consumer's state as well.
    #[garde(skip)]
    state_rules: bool,
    /// Oldest scrub of a list that must be fresh, days.
    #[garde(range(min = 1, max = LIST_AGE_DAYS_MAX))]
    #[schema(minimum = 1, maximum = 366)]
    list_age_days_max: u16,
    /// A list that must be fresh is not.
    #[garde(skip)]
    when_list_stale: Unsure,
    /// Nobody knows which time it is where the consumer is.
    #[garde(skip)]
    when_zone_unknown: Unsure,
    /// Oldest data a decision may rest on while the database is away, seconds.
    #[garde(range(min = 1, max = DATA_AGE_SECS_MAX))]
    #[schema(minimum = 1, maximum = 604_800)]
    data_age_secs_max: u32,
    /// The data is older than that.
    #[garde(skip)]
    when_data_old: Unsure,
    /// Take consents of the tenant's own making for verified.
    #[garde(skip)]
    trust_custom_consent: bool,
}

impl Default for CompliancePolicyRules {
    fn default() -> Self {
        Self::of(&Policy::default())
    }
}

impl CompliancePolicyRules {
    fn of(policy: &Policy) -> Self {
        Self {
            enforce_dnc: policy.enforce_dnc,
            enforce_consent: policy.enforce_consent,
            enforce_calling_hours: policy.enforce_calling_hours,
            allow_override: policy.allow_override,
            require_admin_approval: policy.require_admin_approval,
            outbound: ComplianceRules::of(policy.outbound),
            transfers: ComplianceRules::of(policy.transfers),
            inbound: ComplianceRules::of(policy.inbound),
            calling_hours: CallingWeek::of(&policy.calling_hours),
            state_rules: policy.state_rules,
            list_age_days_max: policy.list_age_days_max,
            when_list_stale: Unsure::of(policy.when_list_stale),
            when_zone_unknown: Unsure::of(policy.when_zone_unknown),
            data_age_secs_max: policy.data_age_secs_max,
            when_data_old: Unsure::of(policy.when_data_old),
            trust_custom_consent: policy.trust_custom_consent,
        }
    }

    fn stored(&self) -> ApiResult<Policy> {
        Ok(Policy {
            enforce_dnc: self.enforce_dnc,
            enforce_consent: self.enforce_consent,
            enforce_calling_hours: self.enforce_calling_hours,
            allow_override: self.allow_override,
            require_admin_approval: self.require_admin_approval,
            outbound: self.outbound.stored(),
            transfers: self.transfers.stored(),
            inbound: self.inbound.stored(),
            calling_hours: self.calling_hours.stored()?,
            state_rules: self.state_rules,
            list_age_days_max: self.list_age_days_max,
            when_list_stale: self.when_list_stale.stored(),
            when_zone_unknown: self.when_zone_unknown.stored(),
            data_age_secs_max: self.data_age_secs_max,
            when_data_old: self.when_data_old.stored(),
            trust_custom_consent: self.trust_custom_consent,
        })
    }
}

/// What is shown beside the rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// `default`, or `campaign:<id>`.
    #[schema(example = "default")]
    name: String,
    /// The campaign whose calls it is for.
    campaign_id: Option<Uuid>,
    /// Counts its changes; 0: never set, the built-in default (or, for a campaign, the tenant's policy) is in force.
    version: u32,
    /// When it last changed; null: never set.
    updated_at: Option<Time>,
}

/// A policy.
#[derive(Clone, Debug, Serialize)]
pub struct CompliancePolicy {
    #[serde(flatten)]
    shown: Shown,
    #[serde(flatten)]
    rules: CompliancePolicyRules,
}

/// One object with the members of both: the rules by themselves allow no others, so `allOf` would allow none at all.
impl PartialSchema for CompliancePolicy {
    fn schema() -> RefOr<Schema> {
        let (mut policy, rules) = (Shown::schema(), CompliancePolicyRules::schema());
        if let (RefOr::T(Schema::Object(policy)), RefOr::T(Schema::Object(rules))) = (&mut policy, rules) {
            policy.description = Some("A policy.".to_owned());
            policy.properties.extend(rules.properties);
        }
        policy
    }
}

impl ToSchema for CompliancePolicy {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Shown::schemas(schemas);
        CompliancePolicyRules::schemas(schemas);
    }
}

fn view(
    campaign: Option<CampaignId>,
    found: Option<&operations::CompliancePolicy>,
    built_in: &Policy,
) -> CompliancePolicy {
    CompliancePolicy {
        shown: Shown {
            name: policy_name(campaign),
            campaign_id: campaign.map(|id| id.uuid()),
            version: found.map_or(0, |policy| policy.version),
            updated_at: found.map(|policy| Time(policy.updated_at)),
        },
        rules: CompliancePolicyRules::of(found.map_or(built_in, |policy| &policy.policy)),
    }
}

async fn stored(caller: &Caller, campaign: Option<CampaignId>) -> ApiResult<Option<operations::CompliancePolicy>> {
    let filter = CompliancePolicyFilter { name: Some(policy_name(campaign)) };
    let policies = &caller.directory().compliance_policies;
    let found = policies.list(caller.scope(), &filter, &PageRequest::number(1, 1)).await.map_err(from_store)?;
    Ok(found.items.into_iter().next())
}

/// The tenant's own policy as it is stored, or the built-in default.
pub(super) async fn in_force(caller: &Caller) -> ApiResult<Policy> {
    Ok(stored(caller, None).await?.map(|found| found.policy).unwrap_or_default())
}

async fn shown(caller: &Caller, campaign: Option<CampaignId>) -> ApiResult<CompliancePolicy> {
    let found = stored(caller, campaign).await?;
    // A campaign without a policy of its own has the tenant's.
    let built_in = if campaign.is_some() && found.is_none() { in_force(caller).await? } else { Policy::default() };
    Ok(view(campaign, found.as_ref(), &built_in))
}

async fn replace(
    caller: &Caller,
    campaign: Option<CampaignId>,
    body: &CompliancePolicyRules,
) -> ApiResult<CompliancePolicy> {
    let policy = body.stored()?;
    let now = caller.now();
    let policies = &caller.directory().compliance_policies;
    let before = shown(caller, campaign).await?;
    let saved = match stored(caller, campaign).await? {
        Some(found) => {
            let changed = operations::CompliancePolicy { version: found.version.saturating_add(1), policy, ..found };
            policies.save(caller.target(), &changed, now).await.map_err(from_store)?
        }
        None => {
            caller.check_match(None)?;
            let new = operations::CompliancePolicy {
                id: caller.state.next_id(),
                tenant: caller.principal.tenant,
                campaign,
                version: 1,
                policy,
                created_at: now,
                updated_at: now,
            };
            policies.insert(caller.scope(), &new).await.map_err(from_store)?;
            new
        }
    };
    let after = view(campaign, Some(&saved), &Policy::default());
    caller.audit(Done::Update, ENTITY, policy_name(campaign), &before, &after).await;
    Ok(after)
}

async fn existing_campaign(caller: &Caller, id: CampaignId) -> ApiResult<()> {
    caller.directory().campaigns.get(caller.scope(), id).await.map(drop).map_err(from_store)
}

/// Reads the tenant's own policy.
#[utoipa::path(get, path = "/api/v1/compliance/policies/default", operation_id = "getCompliancePolicy",
    responses((status = 200, description = "The policy", body = CompliancePolicy)))]
async fn read(caller: Caller) -> ApiResult<Json<CompliancePolicy>> {
    Ok(Json(shown(&caller, None).await?))
}

/// Replaces the tenant's own policy. Calls are held to it within a second.
#[utoipa::path(put, path = "/api/v1/compliance/policies/default", operation_id = "putCompliancePolicy", request_body = CompliancePolicyRules,
    responses((status = 200, description = "The policy", body = CompliancePolicy)))]
async fn put(caller: Caller, Body(body): Body<CompliancePolicyRules>) -> ApiResult<Json<CompliancePolicy>> {
    Ok(Json(replace(&caller, None, &body).await?))
}

/// Reads a campaign's policy, or the tenant's where it has none of its own.
#[utoipa::path(get, path = "/api/v1/compliance/policies/campaigns/{id}", operation_id = "getCampaignCompliancePolicy",
    params(("id" = Uuid, Path, description = "The campaign's id")), responses((status = 200, description = "The policy", body = CompliancePolicy)))]
async fn read_of_campaign(caller: Caller, PathId(id): PathId<CampaignId>) -> ApiResult<Json<CompliancePolicy>> {
    existing_campaign(&caller, id).await?;
    Ok(Json(shown(&caller, Some(id)).await?))
}

/// Replaces a campaign's policy.
#[utoipa::path(put, path = "/api/v1/compliance/policies/campaigns/{id}", operation_id = "putCampaignCompliancePolicy",
    params(("id" = Uuid, Path, description = "The campaign's id")), request_body = CompliancePolicyRules,
    responses((status = 200, description = "The policy", body = CompliancePolicy)))]
async fn put_of_campaign(
    caller: Caller,
    PathId(id): PathId<CampaignId>,
    Body(body): Body<CompliancePolicyRules>,
) -> ApiResult<Json<CompliancePolicy>> {
    existing_campaign(&caller, id).await?;
    Ok(Json(replace(&caller, Some(id), &body).await?))
}

/// Removes a campaign's policy: the tenant's is in force for it again.
#[utoipa::path(delete, path = "/api/v1/compliance/policies/campaigns/{id}", operation_id = "deleteCampaignCompliancePolicy",
    params(("id" = Uuid, Path, description = "The campaign's id")), responses((status = 204, description = "Removed")))]
async fn remove_of_campaign(caller: Caller, PathId(id): PathId<CampaignId>) -> ApiResult<StatusCode> {
    existing_campaign(&caller, id).await?;
    let Some(found) = stored(&caller, Some(id)).await? else { return Err(ApiError::not_found("Compliance policy")) };
    caller.directory().compliance_policies.remove(caller.target(), found.id).await.map_err(from_store)?;
    let before = view(Some(id), Some(&found), &Policy::default());
    caller.audit(Done::Delete, ENTITY, policy_name(Some(id)), &before, &()).await;
    Ok(StatusCode::NO_CONTENT)
}
