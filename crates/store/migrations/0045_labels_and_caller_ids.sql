-- Tags, feature flags, caller-ID pools; and fields of campaigns that were keys of their metadata.

CREATE TABLE tags (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    color TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, id)
);

-- Refers to no call: what happened stays, whatever is removed later.
CREATE TABLE call_tags (
    call_id @uuid NOT NULL,
    tag_id @uuid NOT NULL,
    tenant_id @uuid NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (call_id, tag_id),
    FOREIGN KEY (tenant_id, tag_id) REFERENCES tags (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX call_tags_by_tag ON call_tags (tenant_id, tag_id, call_id);

CREATE TABLE feature_flags (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    flag_key TEXT NOT NULL,
    value TEXT NOT NULL,
    description TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, flag_key)
);

CREATE TABLE caller_id_pools (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, id)
);
CREATE INDEX caller_id_pools_by_age ON caller_id_pools (tenant_id, created_at, id);

-- Numbers handed out so far, so that processes that share the database take turns too. Beside the pool, whose mark must not move
-- with every call.
CREATE TABLE caller_id_turns (
    pool_id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    turns BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, pool_id) REFERENCES caller_id_pools (tenant_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX numbers_of_tenant ON numbers (tenant_id, id);

CREATE TABLE caller_id_pool_numbers (
    pool_id @uuid NOT NULL,
    number_id @uuid NOT NULL,
    tenant_id @uuid NOT NULL,
    priority BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, number_id),
    FOREIGN KEY (tenant_id, pool_id) REFERENCES caller_id_pools (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, number_id) REFERENCES numbers (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX caller_id_pool_numbers_by_number ON caller_id_pool_numbers (tenant_id, number_id);

-- A column that is added cannot name the tenant in its reference; that the pool is the tenant's own is asked before writing.
ALTER TABLE campaigns ADD COLUMN caller_id_pool_id @uuid REFERENCES caller_id_pools (id);
ALTER TABLE campaigns ADD COLUMN intro_audio TEXT;
CREATE INDEX campaigns_by_pool ON campaigns (caller_id_pool_id);
-- It was a key of the metadata before.
UPDATE campaigns SET intro_audio = @json(metadata:introAudio);
