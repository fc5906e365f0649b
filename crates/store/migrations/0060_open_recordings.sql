-- Recordings that have no end yet are looked for every few seconds.
CREATE INDEX recordings_open ON recordings (call_id) WHERE status = 'PROCESSING';
