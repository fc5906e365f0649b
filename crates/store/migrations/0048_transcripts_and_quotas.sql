-- What was said in calls. Refers to no call or recording: what happened stays.

CREATE TABLE transcripts (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    call_id @uuid NOT NULL UNIQUE,
    recording_id @uuid,
    engine TEXT NOT NULL,
    language TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    full_text TEXT NOT NULL,
    speaker_labels TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE INDEX transcripts_by_age ON transcripts (tenant_id, created_at, id);

CREATE TABLE transcript_segments (
    transcript_id @uuid NOT NULL,
    idx BIGINT NOT NULL,
    tenant_id @uuid NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    speaker TEXT,
    text TEXT NOT NULL,
    PRIMARY KEY (transcript_id, idx),
    FOREIGN KEY (tenant_id, transcript_id) REFERENCES transcripts (tenant_id, id) ON DELETE CASCADE
) @clustered;

CREATE TABLE transcript_analysis (
    transcript_id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL,
    billable BOOLEAN,
    application_submitted BOOLEAN,
    reasoning TEXT,
    FOREIGN KEY (tenant_id, transcript_id) REFERENCES transcripts (tenant_id, id) ON DELETE CASCADE
);

-- The words transcripts are found by: the same index in every database.
CREATE TABLE transcript_words (
    tenant_id @uuid NOT NULL,
    word TEXT NOT NULL,
    transcript_id @uuid NOT NULL,
    PRIMARY KEY (tenant_id, word, transcript_id),
    FOREIGN KEY (tenant_id, transcript_id) REFERENCES transcripts (tenant_id, id) ON DELETE CASCADE
) @clustered;
CREATE INDEX transcript_words_by_transcript ON transcript_words (tenant_id, transcript_id);

-- Limits of a tenant; NULL and 0 are none.
CREATE TABLE tenant_quotas (
    tenant_id @uuid NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    concurrent_calls_max BIGINT,
    minutes_per_day_max BIGINT,
    recording_retention_days_max BIGINT,
    phone_numbers_max BIGINT,
    storage_gb_max BIGINT,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE quota_overrides (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    quota TEXT NOT NULL,
    value BIGINT,
    reason TEXT NOT NULL,
    expires_at BIGINT,
    created_by @uuid,
    created_at BIGINT NOT NULL
);
CREATE INDEX quota_overrides_by_tenant ON quota_overrides (tenant_id, quota, created_at);
