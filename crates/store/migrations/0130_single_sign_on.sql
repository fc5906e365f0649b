-- Single sign-on: each tenant's own identity provider.

-- `client_secret` is sealed by the API: a stolen database speaks for nobody at the provider.
CREATE TABLE sign_in_providers (
    tenant_id @uuid NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret TEXT,
    domains TEXT NOT NULL,
    new_users TEXT,
    passwords_allowed BOOLEAN NOT NULL,
    second_factor BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The domains once more, to be found by.
CREATE TABLE sign_in_domains (
    domain TEXT NOT NULL,
    tenant_id @uuid NOT NULL REFERENCES sign_in_providers (tenant_id) ON DELETE CASCADE,
    PRIMARY KEY (domain, tenant_id)
);
CREATE INDEX sign_in_domains_by_tenant ON sign_in_domains (tenant_id);

-- Who a user is at the provider. An address may be given to somebody else there; the subject never is.
CREATE TABLE sign_in_identities (
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id @uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, issuer, subject)
);
CREATE UNIQUE INDEX sign_in_identities_by_user ON sign_in_identities (user_id, issuer);

-- Sign-ins that are under way at a provider. Whichever process the browser comes back to takes the row away.
CREATE TABLE sign_in_attempts (
    state_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    browser_hash TEXT NOT NULL,
    issuer TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    fresh BOOLEAN NOT NULL,
    user_id @uuid REFERENCES users (id) ON DELETE CASCADE,
    proven_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_end ON sign_in_attempts (expires_at);
CREATE INDEX sign_in_attempts_by_user ON sign_in_attempts (user_id);
CREATE INDEX sign_in_attempts_by_tenant ON sign_in_attempts (tenant_id);
