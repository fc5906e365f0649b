-- How agents are shown: what they set, calls they are on, and connections that are missed.

ALTER TABLE agents ADD COLUMN needs_connection BOOLEAN NOT NULL DEFAULT FALSE;
-- Since when the user's connections are missed, and whether for so long that it counts as offline.
ALTER TABLE agents ADD COLUMN missed_since BIGINT;
ALTER TABLE agents ADD COLUMN is_lost BOOLEAN NOT NULL DEFAULT FALSE;
-- What was told last. Whoever changes it tells.
ALTER TABLE agents ADD COLUMN told_status TEXT NOT NULL DEFAULT 'offline';
ALTER TABLE agents ADD COLUMN told_at BIGINT;
UPDATE agents SET told_status = status, told_at = status_changed_at;
CREATE INDEX agents_bound ON agents (tenant_id, id) WHERE needs_connection;

-- Calls agents answered or had placed, written with the call's events. Refers to no agent and no call: what happened stays.
CREATE TABLE agent_calls (
    agent_id @uuid NOT NULL,
    call_id @uuid NOT NULL,
    tenant_id @uuid NOT NULL,
    started_at BIGINT NOT NULL,
    answered_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (agent_id, call_id)
);
CREATE INDEX agent_calls_by_age ON agent_calls (tenant_id, agent_id, started_at, call_id);
CREATE INDEX agent_calls_open ON agent_calls (agent_id) WHERE answered_at IS NOT NULL AND ended_at IS NULL;
