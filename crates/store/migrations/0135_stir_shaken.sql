-- What calls claim of their callers' numbers. A projection of the log, as calls are; what somebody says instead is here only.

CREATE TABLE stir_shaken (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    number TEXT NOT NULL,
    claim TEXT,
    verified_at BIGINT,
    verified_by TEXT,
    override_attestation TEXT,
    override_reason TEXT,
    override_by TEXT,
    override_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX stir_shaken_by_age ON stir_shaken (tenant_id, created_at, id);
CREATE INDEX stir_shaken_by_number ON stir_shaken (tenant_id, number, created_at, id);
