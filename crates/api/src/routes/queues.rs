//! Queues: lines callers wait on for the tenant's agents.

use std::sync::Arc;

use domain::QueueId;
use garde::Validate;
use operations::{Directory, QueueAgent, QueueFilter, Repository};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    crud::{self, Crud, Draft, Rights, Words, set},
    problem::ApiResult,
    resource::Resource,
    wire::{Time, is_sip_uri, nullable},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Queues>()
}

struct Queues;

/// Phones, and agents, of one queue.
const MEMBERS_MAX: usize = 200;

/// A phone that answers a queue, one call at a time.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueuePhone {
    /// For people, and how the events of calls name it.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Front desk")]
    name: String,
    /// SIP URI.
    #[garde(custom(is_sip_uri))]
    #[schema(min_length = 1, max_length = 500, example = "sip:desk@phones.acme.example")]
    destination: String,
    /// Rest after each call, seconds.
    #[garde(range(max = 3_600))]
    #[serde(default)]
    #[schema(maximum = 3_600)]
    wrap_up_seconds: u32,
}

impl QueuePhone {
    fn of(agent: &QueueAgent) -> Self {
        let QueueAgent { name, destination, wrap_up_seconds, .. } = agent.clone();
        Self { name, destination, wrap_up_seconds }
    }

    fn stored(self) -> QueueAgent {
        QueueAgent { name: self.name, destination: self.destination, wrap_up_seconds: self.wrap_up_seconds, id: None }
    }
}

fn stored(phones: Vec<QueuePhone>) -> Vec<QueueAgent> {
    phones.into_iter().map(QueuePhone::stored).collect()
}

/// Every member is an agent of the tenant, or 404.
async fn check_members(caller: &Caller, members: &[domain::AgentId]) -> ApiResult<()> {
    for member in members {
        caller.directory().agents.get(caller.scope(), *member).await.map_err(from_store)?;
    }
    Ok(())
}

/// A line callers wait on for the tenant's agents.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// The queue's id.
    id: Uuid,
    /// The tenant the queue belongs to.
    tenant_id: Uuid,
    /// As flows name it. Unique in the tenant.
    #[schema(example = "solar")]
    name: String,
    /// Most callers waiting, unless the flow's node says fewer.
    max_size: u32,
    /// Prompt heard while waiting, where the flow's node names none.
    #[schema(example = "file:waiting.wav")]
    music: Option<String>,
    /// Longest wait in seconds, where the flow's node sets none; as long as the caller likes when absent.
    timeout_seconds: Option<u32>,
    /// Phones that answer it besides the agents.
    phones: Vec<QueuePhone>,
    /// The agents that answer it; none: every agent with its skills.
    agent_ids: Vec<Uuid>,
    /// What its agents must be able to do, all of it.
    skills: Vec<String>,
    /// When the queue was made.
    created_at: Time,
    /// When the queue last changed.
    updated_at: Time,
}

/// What a list of queues is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct QueueQuery {
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new queue.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateQueueRequest {
    /// As flows name it. Unique in the tenant.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "solar")]
    name: String,
    /// 100 unless said otherwise.
    #[garde(range(min = 1, max = 10_000))]
    #[schema(minimum = 1, maximum = 10_000, default = 100)]
    max_size: Option<u32>,
    /// Prompt heard while waiting, where the flow's node names none.
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500, example = "file:waiting.wav")]
    music: Option<String>,
    /// Longest wait in seconds, where the flow's node sets none; as long as the caller likes when absent.
    #[garde(range(min = 1, max = 86_400))]
    #[schema(minimum = 1, maximum = 86_400)]
    timeout_seconds: Option<u32>,
    /// Phones that answer it besides the agents.
    #[garde(length(max = MEMBERS_MAX), dive)]
    #[serde(default)]
    #[schema(max_items = 200)]
    phones: Vec<QueuePhone>,
    /// The agents that answer it; none: every agent with its skills.
    #[garde(length(max = MEMBERS_MAX))]
    #[serde(default)]
    #[schema(max_items = 200)]
    agent_ids: Vec<Uuid>,
    /// What its agents must be able to do, all of it.
    #[garde(length(max = 20), inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::wire::Label>, max_items = 20, example = json!(["spanish"]))]
    skills: Vec<String>,
}

/// Changes of a queue: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateQueueRequest {
    /// As flows name it. Unique in the tenant.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Most callers waiting, unless the flow's node says fewer.
    #[garde(range(min = 1, max = 10_000))]
    #[schema(minimum = 1, maximum = 10_000)]
    max_size: Option<u32>,
    /// Prompt heard while waiting, where the flow's node names none.
    #[garde(inner(inner(length(chars, max = 500))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 500)]
    music: Option<Option<String>>,
    /// Longest wait in seconds, where the flow's node sets none; null: as long as the caller likes.
    #[garde(inner(inner(range(min = 1, max = 86_400))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(minimum = 1, maximum = 86_400)]
    timeout_seconds: Option<Option<u32>>,
    /// Phones that answer it besides the agents.
    #[garde(length(max = MEMBERS_MAX), dive)]
    #[schema(max_items = 200)]
    phones: Option<Vec<QueuePhone>>,
    /// The agents that answer it; none: every agent with its skills.
    #[garde(length(max = MEMBERS_MAX))]
    #[schema(max_items = 200)]
    agent_ids: Option<Vec<Uuid>>,
    /// What its agents must be able to do, all of it.
    #[garde(length(max = 20), inner(inner(length(chars, min = 1, max = 64))))]
    #[schema(inline, value_type = Option<Vec<crate::wire::Label>>, max_items = 20)]
    skills: Option<Vec<String>>,
}

fn view(queue: &operations::Queue) -> Queue {
    Queue {
        id: queue.id.uuid(),
        tenant_id: queue.tenant.uuid(),
        name: queue.name.clone(),
        max_size: queue.size_max,
        music: queue.music.clone(),
        timeout_seconds: queue.timeout_seconds,
        phones: queue.agents.iter().map(QueuePhone::of).collect(),
        agent_ids: queue.members.iter().map(|id| id.uuid()).collect(),
        skills: queue.skills.clone(),
        created_at: Time(queue.created_at),
        updated_at: Time(queue.updated_at),
    }
}

impl Crud for Queues {
    type Entity = operations::Queue;
    type View = Queue;
    type Query = QueueQuery;
    type Create = CreateQueueRequest;
    type Update = UpdateQueueRequest;

    const WORDS: Words = Words {
        tag: "Agents",
        path: "/api/v1/queues",
        name: "Queue",
        names: "Queues",
        one: "a queue",
        many: "queues",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::QueuesRead, write: Permission::QueuesWrite, delete: Permission::QueuesDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Queue>> {
        &directory.queues
    }

    fn filter(query: QueueQuery) -> QueueFilter {
        QueueFilter { search: query.search }
    }

    async fn views(_: &Caller, found: &[operations::Queue]) -> ApiResult<Vec<Queue>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(caller: &Caller, draft: Draft<QueueId>, body: CreateQueueRequest) -> ApiResult<operations::Queue> {
        let queue = operations::Queue {
            id: draft.id,
            tenant: draft.tenant,
            name: body.name,
            size_max: body.max_size.unwrap_or(100),
            music: body.music,
            timeout_seconds: body.timeout_seconds,
            agents: stored(body.phones),
            members: body.agent_ids.into_iter().map(Into::into).collect(),
            skills: body.skills,
            created_at: draft.now,
            updated_at: draft.now,
        };
        check_members(caller, &queue.members).await?;
        Ok(queue)
    }

    async fn change(caller: &Caller, queue: &mut operations::Queue, body: UpdateQueueRequest) -> ApiResult<()> {
        set(&mut queue.name, body.name);
        set(&mut queue.size_max, body.max_size);
        set(&mut queue.music, body.music);
        set(&mut queue.timeout_seconds, body.timeout_seconds);
        set(&mut queue.agents, body.phones.map(stored));
        set(&mut queue.members, body.agent_ids.map(|ids| ids.into_iter().map(Into::into).collect()));
        set(&mut queue.skills, body.skills);
        check_members(caller, &queue.members).await
    }
}
