-- People: sides, roles of the tenant's own, sessions that can be listed, operators of the platform.

ALTER TABLE users ADD COLUMN custom_roles TEXT NOT NULL DEFAULT '[]';
ALTER TABLE users ADD COLUMN publisher_id @uuid REFERENCES publishers (id);
ALTER TABLE users ADD COLUMN buyer_id @uuid REFERENCES buyers (id);
ALTER TABLE users ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN password_changed_at BIGINT;
ALTER TABLE users ADD COLUMN invited_at BIGINT;

ALTER TABLE api_keys ADD COLUMN publisher_id @uuid REFERENCES publishers (id);
ALTER TABLE api_keys ADD COLUMN buyer_id @uuid REFERENCES buyers (id);
ALTER TABLE api_keys ADD COLUMN created_by @uuid;
ALTER TABLE api_keys ADD COLUMN rotated_to @uuid;

CREATE TABLE roles (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, name)
);

-- A session lasts a day: whoever was signed in signs in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    id @uuid NOT NULL UNIQUE,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    user_id @uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    proven_at BIGINT NOT NULL,
    address TEXT,
    user_agent TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_tenant ON sessions (tenant_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Above tenants: who is here manages all of them, whatever their roles in their own.
CREATE TABLE operators (
    user_id @uuid NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    added_at BIGINT NOT NULL
);

-- What a publisher lists, newest first; buyers have theirs since version 2.
CREATE INDEX calls_by_publisher ON calls (tenant_id, publisher_id, started_at);
