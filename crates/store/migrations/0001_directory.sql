-- What a tenant keeps. Types: @uuid is BLOB or UUID; times are microseconds and money millionths, BIGINT; JSON is TEXT.
-- A reference names the tenant too, so that a row can never point into another tenant.

CREATE TABLE tenants (
    id @uuid NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    domain TEXT UNIQUE,
    status TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    concurrent_calls_max BIGINT,
    metadata TEXT NOT NULL,
    routing_version BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE users (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    status TEXT NOT NULL,
    roles TEXT NOT NULL,
    last_login_at BIGINT,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, email)
);
CREATE INDEX users_by_email ON users (email);
CREATE INDEX users_by_age ON users (tenant_id, created_at, id);

CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id @uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE api_keys (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    status TEXT NOT NULL,
    scopes TEXT NOT NULL,
    rate_limit_per_minute BIGINT,
    last_used_at BIGINT,
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX api_keys_by_age ON api_keys (tenant_id, created_at, id);

CREATE TABLE carriers (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    status TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, code),
    UNIQUE (tenant_id, id)
);

CREATE TABLE trunks (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    carrier_id @uuid NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    source_cidrs TEXT NOT NULL,
    digest_username TEXT,
    digest_realm TEXT,
    digest_ha1_md5 TEXT,
    digest_ha1_sha256 TEXT,
    concurrent_calls_max BIGINT,
    status TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, carrier_id) REFERENCES carriers (tenant_id, id)
);
CREATE INDEX trunks_by_carrier ON trunks (tenant_id, carrier_id);

CREATE TABLE publishers (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    status TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, code),
    UNIQUE (tenant_id, id)
);
CREATE INDEX publishers_by_name ON publishers (tenant_id, name, id);

CREATE TABLE flows (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    flow_key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    status TEXT NOT NULL,
    published_version BIGINT,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, flow_key),
    UNIQUE (tenant_id, id)
);

CREATE TABLE flow_versions (
    flow_id @uuid NOT NULL,
    version BIGINT NOT NULL,
    tenant_id @uuid NOT NULL,
    document TEXT NOT NULL,
    created_by @uuid,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    published_at BIGINT,
    is_published BOOLEAN NOT NULL,
    PRIMARY KEY (flow_id, version),
    FOREIGN KEY (tenant_id, flow_id) REFERENCES flows (tenant_id, id) ON DELETE CASCADE
);
-- At most one version of a flow is what calls run.
CREATE UNIQUE INDEX flow_versions_published ON flow_versions (flow_id) WHERE is_published;

CREATE TABLE campaigns (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    publisher_id @uuid NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    routing_mode TEXT NOT NULL,
    strategy TEXT,
    buyers TEXT NOT NULL,
    payout_amount BIGINT,
    payout_after_ms BIGINT,
    flow_id @uuid,
    time_zone TEXT,
    record BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, publisher_id) REFERENCES publishers (tenant_id, id),
    FOREIGN KEY (tenant_id, flow_id) REFERENCES flows (tenant_id, id)
);
CREATE INDEX campaigns_by_age ON campaigns (tenant_id, created_at, id);
CREATE INDEX campaigns_by_publisher ON campaigns (tenant_id, publisher_id);
CREATE INDEX campaigns_by_flow ON campaigns (tenant_id, flow_id);

CREATE TABLE numbers (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    provider TEXT,
    carrier_id @uuid,
    trunk_id @uuid,
    campaign_id @uuid,
    status TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    metadata TEXT NOT NULL,
    purchased_at BIGINT,
    released_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, carrier_id) REFERENCES carriers (tenant_id, id),
    FOREIGN KEY (tenant_id, trunk_id) REFERENCES trunks (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id)
);
CREATE INDEX numbers_by_age ON numbers (tenant_id, created_at, id);
CREATE INDEX numbers_by_campaign ON numbers (tenant_id, campaign_id);

CREATE TABLE buyers (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    publisher_id @uuid NOT NULL,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    status TEXT NOT NULL,
    caps TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    hours TEXT,
    filters TEXT NOT NULL,
    weight BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, publisher_id, code),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, publisher_id) REFERENCES publishers (tenant_id, id)
);
CREATE INDEX buyers_by_age ON buyers (tenant_id, created_at, id);

CREATE TABLE endpoints (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    buyer_id @uuid NOT NULL,
    kind TEXT NOT NULL,
    destination TEXT NOT NULL,
    priority BIGINT NOT NULL,
    status TEXT NOT NULL,
    caps TEXT NOT NULL,
    hours TEXT,
    currency TEXT NOT NULL,
    revenue BIGINT NOT NULL,
    revenue_after_ms BIGINT NOT NULL,
    payout BIGINT NOT NULL,
    payout_after_ms BIGINT NOT NULL,
    ring_timeout_ms BIGINT,
    duration_max_ms BIGINT,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX endpoints_by_buyer ON endpoints (tenant_id, buyer_id);

CREATE TABLE queues (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    size_max BIGINT NOT NULL,
    agents TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name)
);

CREATE TABLE audit_log (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    user_id @uuid,
    api_key_id @uuid,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT,
    changes TEXT NOT NULL,
    address TEXT,
    user_agent TEXT,
    request_id TEXT,
    success BOOLEAN NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX audit_log_by_age ON audit_log (tenant_id, at, id);
