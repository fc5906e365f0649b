-- Lists of calls, newest first, each filter out of an index in order. The id settles ties, so that nothing is left to sort.

DROP INDEX calls_by_campaign;
DROP INDEX calls_by_buyer;
DROP INDEX calls_by_publisher;
CREATE INDEX calls_by_campaign ON calls (tenant_id, campaign_id, started_at, id);
CREATE INDEX calls_by_buyer ON calls (tenant_id, buyer_id, started_at, id);
CREATE INDEX calls_by_publisher ON calls (tenant_id, publisher_id, started_at, id);
CREATE INDEX calls_by_number ON calls (tenant_id, number_id, started_at, id);
CREATE INDEX calls_by_status ON calls (tenant_id, status, started_at, id);
CREATE INDEX calls_by_direction ON calls (tenant_id, direction, started_at, id);
CREATE INDEX calls_live ON calls (tenant_id, started_at, id) WHERE ended_at IS NULL;

-- What begins with some digits is a range of bytes.
CREATE INDEX calls_by_caller ON calls (tenant_id, from_number @bytes, started_at, id);
CREATE INDEX calls_by_callee ON calls (tenant_id, to_number @bytes, started_at, id);
