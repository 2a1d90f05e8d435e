-- What the page asks of the exchange with the cloud, and what the cloud announces to this device.
-- Frozen: a later change is a later file.

CREATE TABLE sync_answer (
    command_id INTEGER NOT NULL PRIMARY KEY,
    outcome VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE update_announced (
    target VARCHAR NOT NULL PRIMARY KEY,
    version VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    size_bytes INTEGER NOT NULL,
    cards INTEGER NOT NULL,
    about VARCHAR NOT NULL,
    built_at DATETIME NOT NULL,
    is_rollback BOOLEAN NOT NULL,
    may_take BOOLEAN NOT NULL,
    fetched_bytes INTEGER NOT NULL,
    changed_at DATETIME NOT NULL
);

CREATE TRIGGER sync_answer_keeps_rows BEFORE DELETE ON sync_answer
BEGIN SELECT RAISE(ABORT, 'rows of sync_answer are never deleted'); END;
CREATE TRIGGER sync_answer_keeps_values BEFORE UPDATE ON sync_answer
BEGIN SELECT RAISE(ABORT, 'rows of sync_answer are never changed'); END;
