//! Writing, checking and publishing flows (inventory, section 3.5).

use std::{fmt, sync::Arc};

use domain::{FlowId, Timestamp, UserId};
use flow::{Document, Fault, Program, Seconds, Step, check, parse_value};
use serde_json::Value;
use thiserror::Error;

use crate::{
    CampaignFilter, CampaignStatus, Directory, Entity, Flow, FlowFilter, FlowStatus, FlowVersion, Ids, PageRequest,
    Queue, StoreError, TenantScope,
};

/// Campaigns that a refusal names.
const NAMED_MAX: u32 = 5;

/// Why a flow is not taken.
#[derive(Debug, Error)]
pub enum FlowError {
    /// The document has faults; all of them.
    #[error("the flow has {} faults", .0.len())]
    Invalid(Vec<Fault>),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use cases of flows.
#[derive(Clone)]
pub struct Flows {
    directory: Directory,
    ids: Arc<Ids>,
}

impl fmt::Debug for Flows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flows").finish_non_exhaustive()
    }
}

impl Flows {
    /// Over this directory.
    pub fn new(directory: Directory, ids: Arc<Ids>) -> Self {
        Self { directory, ids }
    }

    /// Checks a document without keeping it; every fault names node and field.
    pub fn check(document: &Value) -> Result<(Document, Program), Vec<Fault>> {
        let document = parse_value(document)?;
        let program = check(&document)?;
        Ok((document, program))
    }

    /// Compiles a published document for its tenant: what a queue node leaves open is as the queue says. Where the queue's own
    /// words are not taken (a prompt of no known kind), the node goes without them rather than the flow.
    pub fn check_for(document: &Value, queues: &[Queue]) -> Result<Program, Vec<Fault>> {
        let parsed = parse_value(document)?;
        let mut filled = parsed.clone();
        for node in &mut filled.nodes {
            let Step::Queue(step) = &mut node.step else { continue };
            let Some(queue) = queues.iter().find(|queue| queue.name == step.queue_id) else { continue };
            step.wait_url = step.wait_url.take().or_else(|| queue.music.clone());
            let timeout = queue.timeout_seconds.map(|seconds| Seconds::from_millis(u64::from(seconds) * 1_000));
            step.timeout = step.timeout.or(timeout);
        }
        check(&filled).or_else(|_| check(&parsed))
    }

    /// Keeps a document as a draft. Its id names the flow (a new one when there is none), its version the version; when that one
    /// was published already the next free number is taken, as a published version never changes.
    pub async fn save(
        &self,
        scope: TenantScope,
        document: &Value,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<(Flow, FlowVersion), FlowError> {
        let (_, program) = Self::check(document).map_err(FlowError::Invalid)?;
        let description = document.get("description").and_then(Value::as_str).map(str::to_owned);
        let flow = self.flow_of(scope, &program, description, now).await?;
        let versions = self.directory.flow_versions.list_versions(scope, flow.id).await?;
        let wanted = program.version();
        let is_taken = versions.iter().any(|other| other.version == wanted && other.published_at.is_some());
        let highest = versions.iter().map(|other| other.version).max().unwrap_or(0);
        let number = if is_taken { highest.saturating_add(1) } else { wanted };
        let version = FlowVersion {
            flow: flow.id,
            tenant: scope.tenant(),
            version: number,
            document: document.clone(),
            created_by: by,
            created_at: now,
            updated_at: now,
            published_at: None,
            is_published: false,
        };
        self.directory.flow_versions.put_version(scope, &version).await?;
        let stored = self.directory.flow_versions.find_version(scope, flow.id, number).await?;
        Ok((flow, stored.ok_or(StoreError::NotFound("flow version"))?))
    }

    /// The flow whose documents have this id.
    pub async fn find_by_key(&self, scope: TenantScope, key: &str) -> Result<Option<Flow>, StoreError> {
        let filter = FlowFilter { key: Some(key.to_owned()), ..FlowFilter::default() };
        let found = self.directory.flows.list(scope, &filter, &PageRequest::number(1, 1)).await?;
        Ok(found.items.into_iter().next())
    }

    async fn flow_of(
        &self,
        scope: TenantScope,
        program: &Program,
        description: Option<String>,
        now: Timestamp,
    ) -> Result<Flow, FlowError> {
        if let Some(known) = self.find_by_key(scope, program.id()).await? {
            if known.name == program.name() && known.description == description {
                return Ok(known);
            }
            let renamed = Flow { name: program.name().to_owned(), description, ..known };
            return Ok(self.directory.flows.save(scope, &renamed, now).await?);
        }
        let flow = Flow {
            id: self.ids.next(now),
            tenant: scope.tenant(),
            key: program.id().to_owned(),
            name: program.name().to_owned(),
            description,
            status: FlowStatus::Draft,
            published_version: None,
            metadata: Value::Object(serde_json::Map::new()),
            created_at: now,
            updated_at: now,
        };
        self.directory.flows.insert(scope, &flow).await?;
        Ok(flow)
    }

    /// Whether a flow may get this status: DRAFT is what was never published, ACTIVE what is, and what a campaign runs is not
    /// archived. [`StoreError::Conflict`] otherwise.
    pub async fn check_status(&self, scope: TenantScope, flow: &Flow, wanted: FlowStatus) -> Result<(), StoreError> {
        let refused = |reason: String| Err(StoreError::Conflict { entity: Flow::NAME, reason });
        match (wanted, flow.published_version) {
            _ if wanted == flow.status => Ok(()),
            (FlowStatus::Draft, Some(_)) => refused("it was published, so it is no draft any more".to_owned()),
            (FlowStatus::Active, None) => refused("no version is published; publish one, and it is ACTIVE".to_owned()),
            (FlowStatus::Archived, _) => match self.campaigns_of(scope, flow).await? {
                Some(campaigns) => refused(format!("still run by {campaigns}; give them another flow first")),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// The campaigns that run a flow, or may again tomorrow, for people; `None` when there are none.
    async fn campaigns_of(&self, scope: TenantScope, flow: &Flow) -> Result<Option<String>, StoreError> {
        let mut names = Vec::new();
        for status in [CampaignStatus::Active, CampaignStatus::Paused] {
            let filter = CampaignFilter { flow: Some(flow.id), status: Some(status), ..CampaignFilter::default() };
            let page = PageRequest::number(1, NAMED_MAX + 1);
            let found = self.directory.campaigns.list(scope, &filter, &page).await?;
            names.extend(found.items.into_iter().map(|campaign| format!("\"{}\"", campaign.name)));
        }
        let is_whole = names.len() <= NAMED_MAX as usize;
        names.truncate(NAMED_MAX as usize);
        let words = match (names.is_empty(), is_whole) {
            (true, _) => None,
            (false, true) => Some(names.join(", ")),
            (false, false) => Some(format!("{} and more", names.join(", "))),
        };
        Ok(words)
    }

    /// Makes a version what calls run, no other. Publishing an older one is the rollback. It is checked again: what a newer release
    /// no longer takes must not go live.
    pub async fn publish(
        &self,
        scope: TenantScope,
        flow: FlowId,
        version: u32,
        now: Timestamp,
    ) -> Result<FlowVersion, FlowError> {
        let found = self.directory.flow_versions.find_version(scope, flow, version).await?;
        let found = found.ok_or(StoreError::NotFound("flow version"))?;
        Self::check(&found.document).map_err(FlowError::Invalid)?;
        Ok(self.directory.flow_versions.publish_version(scope, flow, version, now).await?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(node: &Value) -> Value {
        json!({"id": "f", "name": "F", "version": "1", "entry": {"id": "e", "type": "entry", "target": "q"}, "nodes": [node]})
    }

    fn queue(music: &str) -> Queue {
        Queue {
            id: uuid::Uuid::from_u128(1).into(),
            tenant: uuid::Uuid::from_u128(2).into(),
            name: "sales".into(),
            size_max: 5,
            music: Some(music.into()),
            timeout_seconds: Some(30),
            agents: Vec::new(),
            members: Vec::new(),
            skills: Vec::new(),
            created_at: Timestamp::from_secs(0),
            updated_at: Timestamp::from_secs(0),
        }
    }

    fn shown(program: &Program) -> String {
        format!("{program:?}")
    }

    #[test]
    fn what_a_queue_node_leaves_open_is_as_the_queue_says() {
        let bare = document(&json!({"id": "q", "type": "queue", "queueId": "sales"}));
        let said = json!({"id": "q", "type": "queue", "queueId": "sales", "waitUrl": "tone:ringback", "timeout": 30});
        let (_, said) = Flows::check(&document(&said)).unwrap();
        assert_eq!(shown(&Flows::check_for(&bare, &[queue("tone:ringback")]).unwrap()), shown(&said));

        let own =
            document(&json!({"id": "q", "type": "queue", "queueId": "sales", "waitUrl": "tone:busy", "timeout": 5}));
        let (_, kept) = Flows::check(&own).unwrap();
        assert_eq!(shown(&Flows::check_for(&own, &[queue("tone:ringback")]).unwrap()), shown(&kept));

        let other = document(&json!({"id": "q", "type": "queue", "queueId": "service"}));
        let (_, plain) = Flows::check(&other).unwrap();
        assert_eq!(shown(&Flows::check_for(&other, &[queue("tone:ringback")]).unwrap()), shown(&plain));
    }

    #[test]
    fn a_queue_with_a_wrong_prompt_does_not_take_the_flow_down() {
        let bare = document(&json!({"id": "q", "type": "queue", "queueId": "sales"}));
        let (_, plain) = Flows::check(&bare).unwrap();
        assert_eq!(shown(&Flows::check_for(&bare, &[queue("")]).unwrap()), shown(&plain));
    }
}
