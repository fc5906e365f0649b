-- Signing in: links that are sent, second factors, what a tenant asks for.

CREATE TABLE account_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id @uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX account_links_by_user ON account_links (user_id, purpose);

-- `secret` is sealed by the API: a stolen database gives no codes away.
CREATE TABLE second_factors (
    user_id @uuid NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    secret TEXT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id @uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE sign_in_policies (
    tenant_id @uuid NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    second_factor_required BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
);

-- How somebody signed in: `PASSWORD` or `SINGLE_SIGN_ON`.
ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'PASSWORD';
