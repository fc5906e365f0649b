-- Periodic work of the whole installation. Workers write the rows when they start; of several one does each run.

CREATE TABLE schedules (
    name TEXT NOT NULL PRIMARY KEY,
    every_micros BIGINT,
    daily_at_seconds BIGINT,
    missed TEXT NOT NULL,
    next_run_at BIGINT NOT NULL,
    leased_until BIGINT,
    last_run_at BIGINT,
    last_error TEXT,
    CHECK ((every_micros IS NULL) <> (daily_at_seconds IS NULL))
);
