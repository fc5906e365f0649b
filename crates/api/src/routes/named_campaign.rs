//! A campaign as files name it: by its id or its name.

use garde::Validate;
use operations::{CampaignFilter, PageRequest};
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
    /// Id or name.
    #[schema(example = "Solar West")]
    Named(String),
    /// From an export.
    Shown(ShownCampaign),
}

/// A campaign in an export.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ShownCampaign {
    id: Uuid,
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

/// The campaign's id, by `campaignId` or by `campaign`.
pub(super) async fn resolve(
    caller: &Caller,
    id: Option<Uuid>,
    given: Option<&GivenCampaign>,
) -> ApiResult<Option<Uuid>> {
    let fault = |message: String| Err(ApiError::validation(vec![Fault::body(FIELD, message)]));
    let name = match (id, given) {
        (Some(_), Some(GivenCampaign::Named(_))) => return fault("is given beside campaignId: send one".to_owned()),
        (Some(id), _) => return Ok(Some(id)),
        (None, None) => return Ok(None),
        (None, Some(GivenCampaign::Shown(shown))) => return Ok(Some(shown.id)),
        (None, Some(GivenCampaign::Named(name))) => name.trim(),
    };
    let filter = CampaignFilter { name: Some(name.to_owned()), ..CampaignFilter::default() };
    let found = caller.directory().campaigns.list(caller.scope(), &filter, &PageRequest::number(1, 2)).await;
    let found = found.map_err(from_store)?;
    match (found.items.as_slice(), Uuid::try_parse(name)) {
        ([one], _) => Ok(Some(one.id.uuid())),
        ([], Ok(id)) => Ok(Some(id)),
        ([], Err(_)) => fault(format!("names no campaign of this tenant: {name:?}")),
        (several, _) => {
            let count = found.total.map_or(several.len() as u64, |total| total.count);
            fault(format!("{count} campaigns are called {name:?}: give the id of one"))
        }
    }
}
