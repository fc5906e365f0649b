-- Queues with agents, and leads.

CREATE UNIQUE INDEX users_of_tenant ON users (tenant_id, id);

CREATE TABLE agents (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id @uuid,
    name TEXT NOT NULL,
    destination TEXT NOT NULL,
    skills TEXT NOT NULL,
    status TEXT NOT NULL,
    status_changed_at BIGINT NOT NULL,
    wrap_up_seconds BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, user_id),
    UNIQUE (tenant_id, destination),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX agents_by_age ON agents (tenant_id, created_at, id);

ALTER TABLE queues ADD COLUMN music TEXT;
ALTER TABLE queues ADD COLUMN timeout_seconds BIGINT;
ALTER TABLE queues ADD COLUMN members TEXT NOT NULL DEFAULT '[]';
ALTER TABLE queues ADD COLUMN skills TEXT NOT NULL DEFAULT '[]';

CREATE TABLE leads (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    phone_number TEXT NOT NULL,
    campaign_id @uuid,
    first_name TEXT,
    last_name TEXT,
    full_name TEXT,
    email TEXT,
    company TEXT,
    address TEXT,
    city TEXT,
    state TEXT,
    zip_code TEXT,
    country TEXT,
    lead_source TEXT,
    status TEXT NOT NULL,
    priority BIGINT NOT NULL,
    custom_fields TEXT NOT NULL,
    notes TEXT,
    tags TEXT NOT NULL,
    assigned_to_id @uuid,
    last_contacted_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, phone_number),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id),
    FOREIGN KEY (tenant_id, assigned_to_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX leads_by_age ON leads (tenant_id, created_at, id);
CREATE INDEX leads_by_campaign ON leads (tenant_id, campaign_id, created_at);
CREATE INDEX leads_by_status ON leads (tenant_id, status, created_at);
CREATE INDEX leads_by_assigned ON leads (tenant_id, assigned_to_id, created_at);

-- Written when a call is settled whose caller or callee is a lead. Refers to no call: what happened stays.
CREATE TABLE lead_calls (
    lead_id @uuid NOT NULL,
    call_id @uuid NOT NULL,
    tenant_id @uuid NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (lead_id, call_id),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX lead_calls_by_lead ON lead_calls (tenant_id, lead_id, call_id);
