//! A campaign as files name it: by its id or its name.

use std::collections::{BTreeSet, HashMap};

use garde::Validate;
use operations::{CampaignFilter, PAGE_LIMIT_MAX, PageRequest};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    caller::Caller,
    convert::from_store,
    problem::{ApiError, ApiResult, Fault},
};

/// Longest name of a campaign.
const NAME_CHARS_MAX: usize = 200;
/// Member and column.
const FIELD: &str = "campaign";

/// A campaign: its id, or its whole name where only one has it. As exports show it, its `id` counts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum GivenCampaign {
    /// Id, or name of 1 to 200 characters.
    #[schema(example = "Solar West")]
    Named(String),
    /// From an export.
    Shown(ShownCampaign),
}

/// A campaign in an export.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ShownCampaign {
    /// The campaign's id.
    id: Uuid,
}

impl GivenCampaign {
    /// The name, where it is given by that.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Named(name) => Some(name.trim().to_owned()),
            Self::Shown(_) => None,
        }
    }
}

impl Validate for GivenCampaign {
    type Context = ();

    fn validate_into(&self, _: &(), parent: &mut dyn FnMut() -> garde::Path, report: &mut garde::Report) {
        if let Self::Named(name) = self
            && !(1..=NAME_CHARS_MAX).contains(&name.trim().chars().count())
        {
            report.append(parent(), garde::Error::new(format!("must be a name of 1 to {NAME_CHARS_MAX} characters")));
        }
    }
}

/// Campaigns that were named, looked up together.
#[derive(Debug)]
pub(super) struct NamedCampaigns(HashMap<String, Found>);

/// What has a name.
#[derive(Clone, Copy, Debug)]
enum Found {
    One(Uuid),
    /// So many.
    Several(u64),
}

impl NamedCampaigns {
    /// Looks these names up: a page of names is one query.
    pub async fn of(caller: &Caller, names: BTreeSet<String>) -> ApiResult<Self> {
        let names: Vec<String> = names.into_iter().collect();
        let mut known = Self(HashMap::new());
        for names in names.chunks(PAGE_LIMIT_MAX as usize) {
            if !known.look_up(caller, names).await? {
                // So many namesakes that not all are on the page.
                for name in names {
                    known.look_up(caller, std::slice::from_ref(name)).await?;
                }
            }
        }
        Ok(known)
    }

    /// Whether all campaigns with these names were seen; of one name they need not be.
    async fn look_up(&mut self, caller: &Caller, names: &[String]) -> ApiResult<bool> {
        let filter = CampaignFilter { names: names.to_vec(), ..CampaignFilter::default() };
        let page = PageRequest::number(1, PAGE_LIMIT_MAX);
        let found = caller.directory().campaigns.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
        if found.next.is_some() && names.len() > 1 {
            return Ok(false);
        }
        for campaign in found.items {
            let known = self.0.entry(campaign.name).or_insert(Found::Several(0));
            *known = match *known {
                Found::Several(0) => Found::One(campaign.id.uuid()),
                Found::One(_) => Found::Several(2),
                Found::Several(many) => Found::Several(many + 1),
            };
        }
        if let ([name], Some(total)) = (names, found.total)
            && let Some(Found::Several(many)) = self.0.get_mut(name)
        {
            *many = total.count;
        }
        Ok(true)
    }

    /// The campaign's id, by `campaignId` or by `campaign`.
    pub fn id(&self, id: Option<Uuid>, given: Option<&GivenCampaign>) -> ApiResult<Option<Uuid>> {
        let fault = |message: String| Err(ApiError::validation(vec![Fault::body(FIELD, message)]));
        let name = match (id, given) {
            (Some(_), Some(GivenCampaign::Named(_))) => {
                return fault("is given beside campaignId: send one".to_owned());
            }
            (Some(id), _) => return Ok(Some(id)),
            (None, None) => return Ok(None),
            (None, Some(GivenCampaign::Shown(shown))) => return Ok(Some(shown.id)),
            (None, Some(GivenCampaign::Named(name))) => name.trim(),
        };
        match (self.0.get(name), Uuid::try_parse(name)) {
            (Some(Found::One(id)), _) => Ok(Some(*id)),
            (Some(Found::Several(count)), _) => {
                fault(format!("{count} campaigns are called {name:?}: give the id of one"))
            }
            (None, Ok(id)) => Ok(Some(id)),
            (None, Err(_)) => fault(format!("names no campaign of this tenant: {name:?}")),
        }
    }
}
