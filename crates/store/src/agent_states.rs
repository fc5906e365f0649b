//! How agents are shown, computed from what is kept of them, and told once.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{AgentId, CallId, TenantId, Timestamp, UserId};
use operations::{
    Agent, AgentChange, AgentState, AgentStates, AgentStatus, BoundAgent, CallRow, StoreError, TenantScope,
};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use crate::{
    Store,
    convert::{column, moment, parse},
    directory::routing_changed,
    hot::{CALL_COLUMNS, read_row},
    sql::{and_side, execute, query, select_in},
};

/// The call a row of `agents` is on: of several the one it answered last.
const ON_CALL: &str = "(SELECT c.call_id FROM agent_calls c WHERE c.agent_id = agents.id AND c.answered_at IS NOT NULL \
     AND c.ended_at IS NULL ORDER BY c.answered_at DESC, c.call_id LIMIT 1)";
/// How a row of `agents` is shown.
pub(crate) const SHOWN: &str = "CASE WHEN EXISTS (SELECT 1 FROM agent_calls c WHERE c.agent_id = agents.id \
     AND c.answered_at IS NOT NULL AND c.ended_at IS NULL) THEN 'on-call' \
     WHEN agents.needs_connection AND agents.is_lost THEN 'offline' ELSE agents.status END";

fn read_state(row: &QueryResult) -> Result<(AgentId, AgentState), StoreError> {
    let told: Option<i64> = column(row, "told_at")?;
    let is_told = column::<String>(row, "told_status")? == column::<String>(row, "shown")?;
    let since = told.filter(|_| is_told).map_or_else(|| column(row, "status_changed_at"), Ok)?;
    let state = AgentState {
        shown: parse(&column::<String>(row, "shown")?)?,
        since: Timestamp::from_micros(since),
        call: column::<Option<Uuid>>(row, "on_call")?.map(CallId),
    };
    Ok((AgentId(column(row, "id")?), state))
}

fn read_change(row: &QueryResult) -> Result<AgentChange, StoreError> {
    Ok(AgentChange {
        tenant: TenantId(column(row, "tenant_id")?),
        agent: AgentId(column(row, "id")?),
        user: column::<Option<Uuid>>(row, "user_id")?.map(UserId),
        name: column(row, "name")?,
        shown: parse(&column::<String>(row, "told_status")?)?,
        call: column::<Option<Uuid>>(row, "on_call")?.map(CallId),
    })
}

async fn lost_of(on: &impl ConnectionTrait, tenant: TenantId) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT id FROM agents WHERE tenant_id = $1 AND needs_connection AND is_lost";
    query(on, sql, [tenant.0.into()]).await?.iter().map(|row| column(row, "id")).collect()
}

impl Store {
    /// A tenant's agents as queues see them: whoever must be connected and is not gets no calls.
    pub(crate) async fn answering_agents(&self, scope: TenantScope) -> Result<Vec<Agent>, StoreError> {
        let lost = lost_of(self.reader(), scope.tenant()).await?;
        let mut agents: Vec<Agent> = self.all_of(scope).await?;
        for agent in agents.iter_mut().filter(|agent| lost.contains(&agent.id.0)) {
            agent.status = AgentStatus::Offline;
        }
        Ok(agents)
    }
}

#[async_trait]
impl AgentStates for Store {
    async fn agent_states(
        &self,
        scope: TenantScope,
        agents: &[AgentId],
    ) -> Result<HashMap<AgentId, AgentState>, StoreError> {
        let tenant = scope.tenant();
        let select = format!(
            "SELECT id, tenant_id, status_changed_at, told_status, told_at, {SHOWN} AS shown, {ON_CALL} AS on_call \
             FROM agents WHERE id IN ({{}})"
        );
        let rows = select_in(&self.scoped(scope).await?, &select, agents.iter().map(|agent| agent.0.into())).await?;
        let mut states = HashMap::with_capacity(rows.len());
        for row in &rows {
            if column::<Uuid>(row, "tenant_id")? == tenant.0 {
                states.extend([read_state(row)?]);
            }
        }
        Ok(states)
    }

    async fn tell_agent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<AgentChange>, StoreError> {
        // One statement decides who tells: the row is another's only until its change is committed, and then it differs no more.
        let sql = format!(
            "UPDATE agents SET told_status = {SHOWN}, told_at = $3 \
             WHERE tenant_id = $1 AND id = $2 AND told_status <> {SHOWN} \
             RETURNING id, tenant_id, user_id, name, told_status, {ON_CALL} AS on_call"
        );
        let values: [Value; 3] = [tenant.0.into(), agent.0.into(), now.micros().into()];
        let rows = self
            .writer()
            .write_for(TenantScope::of(tenant), move |transaction| {
                Box::pin(async move { query(transaction, &sql, values).await })
            })
            .await?;
        rows.first().map(read_change).transpose()
    }

    async fn untold_agents(&self, count_max: u32) -> Result<Vec<(TenantId, AgentId)>, StoreError> {
        let sql = format!("SELECT tenant_id, id FROM agents WHERE told_status <> {SHOWN} ORDER BY id LIMIT $1");
        let rows = query(self.reader(), &sql, [i64::from(count_max).into()]).await?;
        rows.iter().map(|row| Ok((TenantId(column(row, "tenant_id")?), AgentId(column(row, "id")?)))).collect()
    }

    async fn bound_agents(&self) -> Result<Vec<BoundAgent>, StoreError> {
        let sql = "SELECT tenant_id, id, user_id, missed_since, is_lost FROM agents WHERE needs_connection";
        let read = |row: &QueryResult| {
            Ok(BoundAgent {
                tenant: TenantId(column(row, "tenant_id")?),
                agent: AgentId(column(row, "id")?),
                user: column::<Option<Uuid>>(row, "user_id")?.map(UserId),
                missed_since: moment(column(row, "missed_since")?),
                is_lost: column(row, "is_lost")?,
            })
        };
        query(self.reader(), sql, []).await?.iter().map(read).collect()
    }

    async fn note_missed(&self, agent: &BoundAgent) -> Result<(), StoreError> {
        let BoundAgent { tenant, agent, missed_since, is_lost, .. } = *agent;
        self.writer()
            .write_for(TenantScope::of(tenant), move |transaction| {
                Box::pin(async move {
                    let keys: [Value; 2] = [tenant.0.into(), agent.0.into()];
                    let since = "UPDATE agents SET missed_since = $3 WHERE tenant_id = $1 AND id = $2";
                    let values = keys.iter().cloned().chain([missed_since.map(Timestamp::micros).into()]);
                    execute(transaction, since, values).await?;
                    let lost = "UPDATE agents SET is_lost = $3 WHERE tenant_id = $1 AND id = $2 AND is_lost <> $3";
                    let values = keys.into_iter().chain([is_lost.into()]);
                    if execute(transaction, lost, values).await? > 0 {
                        routing_changed(transaction, tenant).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn calls_of_agent(
        &self,
        scope: TenantScope,
        agent: AgentId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<CallRow>, StoreError> {
        let mut values: Vec<Value> =
            vec![scope.tenant().0.into(), agent.0.into(), i64::from(limit).into(), i64::from(offset).into()];
        let side = and_side(scope, &mut values);
        let columns: Vec<String> = CALL_COLUMNS.split(", ").map(|name| format!("calls.{}", name.trim())).collect();
        let sql = format!(
            "SELECT {} FROM agent_calls JOIN calls ON calls.id = agent_calls.call_id \
             AND calls.tenant_id = agent_calls.tenant_id WHERE agent_calls.tenant_id = $1 AND agent_calls.agent_id = $2{side} \
             ORDER BY agent_calls.started_at DESC, agent_calls.call_id DESC LIMIT $3 OFFSET $4",
            columns.join(", ")
        );
        query(&self.scoped(scope).await?, &sql, values).await?.iter().map(read_row).collect()
    }
}
