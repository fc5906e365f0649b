-- What tenants may spend. The limits are of one currency; NULL is none.

CREATE TABLE tenant_budgets (
    tenant_id @uuid NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    currency TEXT NOT NULL,
    daily_limit BIGINT,
    monthly_limit BIGINT,
    alert_threshold BIGINT NOT NULL,
    alert_emails TEXT NOT NULL,
    alert_slack_webhook TEXT,
    hard_stop_enabled BOOLEAN NOT NULL,
    override_hash TEXT,
    override_expires_at BIGINT,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What was told, once for each period and type; what is not yet told is tried again.
CREATE TABLE budget_alerts (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    period_start BIGINT NOT NULL,
    currency TEXT NOT NULL,
    threshold BIGINT NOT NULL,
    current_amount BIGINT NOT NULL,
    limit_amount BIGINT NOT NULL,
    sent_via TEXT NOT NULL,
    pending TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, kind, period_start)
);
CREATE INDEX budget_alerts_by_tenant ON budget_alerts (tenant_id, created_at, id);
CREATE INDEX budget_alerts_to_send ON budget_alerts (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- What the platform charged a tenant, by quarters of an hour since the epoch: every time zone's days are made of them. Written with the
-- postings it sums up.
CREATE TABLE platform_spend (
    tenant_id @uuid NOT NULL,
    currency TEXT NOT NULL,
    slot BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, currency, slot)
) @clustered;
INSERT INTO platform_spend (tenant_id, currency, slot, amount)
    SELECT tenant_id, currency, at / 900000000, CAST(SUM(amount) AS BIGINT) FROM postings WHERE account = 'platform_expense'
    GROUP BY tenant_id, currency, at / 900000000;
