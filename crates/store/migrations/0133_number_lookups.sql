-- What tenants say of numbers, and what others answered about them.

CREATE TABLE number_overrides (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    facts TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, kind, number)
);
CREATE INDEX number_overrides_by_age ON number_overrides (tenant_id, created_at, id);

-- Of the whole platform: it pays for the answers, and they are about numbers, not about tenants.
CREATE TABLE number_lookups (
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    provider TEXT NOT NULL,
    facts TEXT NOT NULL,
    looked_up_at BIGINT NOT NULL,
    kept_until BIGINT NOT NULL,
    PRIMARY KEY (kind, number, provider)
);
CREATE INDEX number_lookups_by_end ON number_lookups (kept_until);
