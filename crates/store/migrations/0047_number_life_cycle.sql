-- Where numbers come from and go to. What was kept in their metadata before becomes columns.

ALTER TABLE numbers ADD COLUMN provider_id TEXT;
ALTER TABLE numbers ADD COLUMN friendly_name TEXT;
ALTER TABLE numbers ADD COLUMN region TEXT;
ALTER TABLE numbers ADD COLUMN monthly_price BIGINT;
ALTER TABLE numbers ADD COLUMN import_source TEXT;
ALTER TABLE numbers ADD COLUMN import_hash TEXT;
UPDATE numbers SET provider_id = @json(metadata:providerId), friendly_name = @json(metadata:friendlyName),
    region = @json(metadata:region);
CREATE INDEX numbers_by_provider ON numbers (provider, number);
CREATE INDEX numbers_by_number ON numbers (number);

-- Written before a provider is asked, so that what is cut off half-way is found again.
CREATE TABLE number_orders (
    id @uuid NOT NULL PRIMARY KEY,
    tenant_id @uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    provider TEXT NOT NULL,
    number TEXT NOT NULL,
    number_id @uuid NOT NULL,
    provider_id TEXT,
    purpose TEXT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX number_orders_pending ON number_orders (provider, number) WHERE state = 'pending';
CREATE INDEX number_orders_by_age ON number_orders (tenant_id, created_at, id);
CREATE INDEX number_orders_by_number ON number_orders (provider, number, created_at);
