-- Do-not-call lists, compliance policies, consents, overrides. A telephone number is a BIGINT: E.164 digits never begin with 0.

-- Counts a tenant's changes, so that whoever screens calls knows when to read again.
CREATE TABLE compliance_versions (
    tenant_id @uuid NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    version BIGINT NOT NULL
);

CREATE TABLE compliance_policies (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    campaign_id @uuid,
    version BIGINT NOT NULL,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE dnc_lists (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    campaign_id @uuid,
    campaigns TEXT NOT NULL,
    applies_to_all BOOLEAN NOT NULL,
    must_be_fresh BOOLEAN NOT NULL,
    scrubbed_at BIGINT,
    version BIGINT NOT NULL,
    entry_count BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id)
);
CREATE INDEX dnc_lists_by_age ON dnc_lists (tenant_id, created_at, id);

-- Millions of rows. One that is removed stays as a mark with the list's version then: readers learn of it, and what a list held at a
-- version can be shown.
CREATE TABLE dnc_list_entries (
    list_id @uuid NOT NULL,
    number BIGINT NOT NULL,
    tenant_id @uuid NOT NULL,
    version BIGINT NOT NULL,
    removed BOOLEAN NOT NULL,
    reason TEXT,
    source TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (list_id, number),
    FOREIGN KEY (tenant_id, list_id) REFERENCES dnc_lists (tenant_id, id) ON DELETE CASCADE
) @clustered;
CREATE INDEX dnc_list_entries_by_version ON dnc_list_entries (list_id, version, number);

CREATE TABLE consent_tokens (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    call_id @uuid,
    number TEXT NOT NULL,
    token TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT,
    verified_at BIGINT,
    expires_at BIGINT,
    ip_address TEXT,
    source TEXT,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, token_hash)
);
CREATE INDEX consent_tokens_by_age ON consent_tokens (tenant_id, created_at, id);
CREATE INDEX consent_tokens_by_number ON consent_tokens (tenant_id, number);
CREATE INDEX consent_tokens_by_change ON consent_tokens (tenant_id, updated_at, id);

CREATE TABLE compliance_overrides (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    reason TEXT NOT NULL,
    call_id @uuid,
    requested_by TEXT NOT NULL,
    status TEXT NOT NULL,
    expires_at BIGINT,
    approved_by @uuid,
    approved_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX compliance_overrides_by_age ON compliance_overrides (tenant_id, created_at, id);
CREATE INDEX compliance_overrides_by_number ON compliance_overrides (tenant_id, number);
CREATE INDEX compliance_overrides_active ON compliance_overrides (tenant_id) WHERE status = 'ACTIVE';
