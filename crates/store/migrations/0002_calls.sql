-- The event log and its projections. Nothing here refers to the directory: what happened stays, whatever is removed later.

CREATE TABLE call_events (
    call_id @uuid NOT NULL,
    sequence BIGINT NOT NULL,
    tenant_id @uuid NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    PRIMARY KEY (call_id, sequence)
) @clustered;

CREATE TABLE calls (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    cause TEXT,
    from_number TEXT NOT NULL,
    to_number TEXT NOT NULL,
    caller_name TEXT,
    attestation TEXT NOT NULL,
    trunk_id @uuid,
    number_id @uuid,
    campaign_id @uuid,
    publisher_id @uuid,
    flow_id @uuid,
    flow_version BIGINT,
    buyer_id @uuid,
    endpoint_id @uuid,
    sip_call_id TEXT NOT NULL,
    switch_id @uuid NOT NULL,
    started_at BIGINT NOT NULL,
    answered_at BIGINT,
    connected_at BIGINT,
    ended_at BIGINT,
    duration_ms BIGINT NOT NULL,
    answered_ms BIGINT NOT NULL,
    connected_ms BIGINT NOT NULL,
    recorded BOOLEAN NOT NULL,
    tags TEXT NOT NULL,
    last_sequence BIGINT NOT NULL,
    currency TEXT,
    cost BIGINT,
    revenue BIGINT,
    payout BIGINT
);
CREATE INDEX calls_by_age ON calls (tenant_id, started_at, id);
CREATE INDEX calls_by_campaign ON calls (tenant_id, campaign_id, started_at);
CREATE INDEX calls_by_buyer ON calls (tenant_id, buyer_id, started_at);
CREATE INDEX calls_open ON calls (switch_id) WHERE ended_at IS NULL;

CREATE TABLE recordings (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    call_id @uuid NOT NULL,
    storage_key TEXT NOT NULL,
    format TEXT NOT NULL,
    channels BIGINT NOT NULL,
    status TEXT NOT NULL,
    duration_ms BIGINT,
    bytes BIGINT,
    failure TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX recordings_by_age ON recordings (tenant_id, created_at, id);
CREATE INDEX recordings_by_call ON recordings (call_id);

CREATE TABLE switches (
    id @uuid NOT NULL PRIMARY KEY,
    first_heartbeat_at BIGINT NOT NULL,
    last_heartbeat_at BIGINT NOT NULL,
    fenced BOOLEAN NOT NULL
);

-- One row per holder of caps, as routing::lease::Counters.
CREATE TABLE lease_counters (
    holder_id @uuid NOT NULL,
    holder_kind TEXT NOT NULL,
    active BIGINT NOT NULL CHECK (active >= 0),
    hour_start BIGINT NOT NULL,
    hour_used BIGINT NOT NULL,
    hour_reserved BIGINT NOT NULL,
    day_start BIGINT NOT NULL,
    day_used BIGINT NOT NULL,
    day_reserved BIGINT NOT NULL,
    month_start BIGINT NOT NULL,
    month_used BIGINT NOT NULL,
    month_reserved BIGINT NOT NULL,
    total_start BIGINT NOT NULL,
    total_used BIGINT NOT NULL,
    total_reserved BIGINT NOT NULL,
    PRIMARY KEY (holder_id, holder_kind)
);

CREATE TABLE leases (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    call_id @uuid NOT NULL,
    state TEXT NOT NULL,
    counted TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX leases_by_call ON leases (call_id);
CREATE INDEX leases_held ON leases (until) WHERE state IN ('reserved', 'committed');
CREATE INDEX leases_ended ON leases (until) WHERE state NOT IN ('reserved', 'committed');
