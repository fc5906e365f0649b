-- Entries of the audit log about a call: its id, out of their changes. What changed is `{"callId": {"before": ..., "after": ...}}`.
ALTER TABLE audit_log ADD COLUMN call_id TEXT;
UPDATE audit_log SET call_id = COALESCE(@json(changes:callId.after), @json(changes:callId.before)) WHERE changes LIKE '%"callId"%';
CREATE INDEX audit_log_by_call ON audit_log (tenant_id, call_id, at, id) WHERE call_id IS NOT NULL;
