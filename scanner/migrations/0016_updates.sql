-- Updates of packs and models, and commands, that came from the cloud.
-- Frozen: a later change is a later file.

CREATE TABLE update_event (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    target VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_update_event_target ON update_event (target);

CREATE TABLE remote_command (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    argument JSON NOT NULL,
    is_allowed BOOLEAN NOT NULL,
    issued_by VARCHAR NOT NULL,
    issued_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    created_at DATETIME NOT NULL,
    UNIQUE (name)
);

CREATE TABLE remote_answer (
    remote_id INTEGER NOT NULL PRIMARY KEY REFERENCES remote_command (id),
    outcome VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TRIGGER update_event_keeps_rows BEFORE DELETE ON update_event
BEGIN SELECT RAISE(ABORT, 'rows of update_event are never deleted'); END;
CREATE TRIGGER update_event_keeps_values BEFORE UPDATE ON update_event
BEGIN SELECT RAISE(ABORT, 'rows of update_event are never changed'); END;
CREATE TRIGGER remote_command_keeps_rows BEFORE DELETE ON remote_command
BEGIN SELECT RAISE(ABORT, 'rows of remote_command are never deleted'); END;
CREATE TRIGGER remote_command_keeps_values BEFORE UPDATE ON remote_command
BEGIN SELECT RAISE(ABORT, 'rows of remote_command are never changed'); END;
CREATE TRIGGER remote_answer_keeps_rows BEFORE DELETE ON remote_answer
BEGIN SELECT RAISE(ABORT, 'rows of remote_answer are never deleted'); END;
CREATE TRIGGER remote_answer_keeps_values BEFORE UPDATE ON remote_answer
BEGIN SELECT RAISE(ABORT, 'rows of remote_answer are never changed'); END;
