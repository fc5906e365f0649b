-- Accounts, prices, what calls came to, and the work that gets there.

CREATE TABLE billing_accounts (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, id)
);

CREATE TABLE rate_cards (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    account_id @uuid NOT NULL,
    name TEXT NOT NULL,
    effective_from BIGINT NOT NULL,
    effective_to BIGINT,
    status TEXT NOT NULL,
    rates TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, account_id) REFERENCES billing_accounts (tenant_id, id)
);
CREATE INDEX rate_cards_by_start ON rate_cards (tenant_id, effective_from);

-- `revision` counts the settlements of a call: a settlement computed on an older one is not written.
CREATE TABLE cdrs (
    call_id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    revision BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    record TEXT NOT NULL,
    charge TEXT NOT NULL,
    settled_at BIGINT NOT NULL
);
CREATE INDEX cdrs_by_end ON cdrs (tenant_id, ended_at);

CREATE TABLE accruals (
    accrual_key TEXT NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    account_id @uuid,
    call_id @uuid,
    publisher_id @uuid,
    buyer_id @uuid,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    description TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX accruals_by_call ON accruals (call_id);
CREATE INDEX accruals_by_time ON accruals (tenant_id, account_id, at);

CREATE TABLE postings (
    group_key TEXT NOT NULL,
    line BIGINT NOT NULL,
    group_id @uuid NOT NULL,
    tenant_id @uuid NOT NULL,
    account TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    call_id @uuid,
    description TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (group_key, line)
);
CREATE INDEX postings_by_call ON postings (call_id);
CREATE INDEX postings_by_account ON postings (tenant_id, account, currency, at);

-- Kept beside the postings so that a balance is one row, not a sum over all time.
CREATE TABLE balances (
    tenant_id @uuid NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, account, currency)
);

CREATE TABLE jobs (
    id @uuid NOT NULL PRIMARY KEY,
    job_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    tenant_id @uuid NOT NULL,
    call_id @uuid NOT NULL,
    run_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    leased_until BIGINT,
    generation BIGINT NOT NULL,
    dead BOOLEAN NOT NULL,
    error TEXT
);
CREATE INDEX jobs_by_time ON jobs (run_at) WHERE NOT dead;
