-- The audit log as a chain per tenant: each entry names the hash of the one before, so that none can be changed, left out or put in
-- between unnoticed. Entries from before this version have no place in it.

ALTER TABLE audit_log ADD COLUMN sequence BIGINT;
ALTER TABLE audit_log ADD COLUMN previous_hash TEXT;
ALTER TABLE audit_log ADD COLUMN hash TEXT;
CREATE UNIQUE INDEX audit_log_chain ON audit_log (tenant_id, sequence);
CREATE INDEX audit_log_by_entity ON audit_log (tenant_id, entity, entity_id, at);
CREATE INDEX audit_log_by_user ON audit_log (tenant_id, user_id, at);

-- Where each tenant's chain ends: what a cut-off end is noticed by, and the row that writers queue at.
CREATE TABLE audit_heads (
    tenant_id @uuid NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);
