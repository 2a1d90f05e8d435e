-- The log of version 0.1: batches, their events, scans, feeder movements and the page's commands.
-- Frozen: a later change is a later file.

CREATE TABLE batch (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR NOT NULL,
    expected_cards INTEGER NOT NULL,
    driver VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE batch_event (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER REFERENCES batch (id),
    kind VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    after_scan INTEGER NOT NULL,
    added_mono_ns BIGINT NOT NULL,
    boot_id VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_batch_event_kind ON batch_event (kind);
CREATE INDEX ix_batch_event_batch_id_kind ON batch_event (batch_id, kind);

CREATE TABLE scan (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    sequence INTEGER NOT NULL,
    feed_key VARCHAR UNIQUE,
    decision VARCHAR NOT NULL,
    reasons JSON NOT NULL,
    "view" VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    score FLOAT NOT NULL,
    candidates JSON NOT NULL,
    corners_px JSON NOT NULL,
    upside_down BOOLEAN NOT NULL,
    stages_ms JSON NOT NULL,
    crop_path VARCHAR NOT NULL,
    recognizer VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    pack_id VARCHAR NOT NULL,
    driver VARCHAR NOT NULL,
    captured_mono_ns BIGINT NOT NULL,
    boot_id VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX ix_scan_batch_id_sequence ON scan (batch_id, sequence);
CREATE INDEX ix_scan_decision ON scan (decision);
CREATE INDEX ix_scan_card_id ON scan (card_id);

CREATE TABLE feed_movement (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER REFERENCES batch (id),
    kind VARCHAR NOT NULL,
    feed_key VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE command (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    argument JSON NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE command_done (
    command_id INTEGER NOT NULL PRIMARY KEY,
    outcome VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

-- Rows are only ever added. What nobody may do, the file itself refuses.
CREATE TRIGGER batch_keeps_rows BEFORE DELETE ON batch
BEGIN SELECT RAISE(ABORT, 'rows of batch are never deleted'); END;
CREATE TRIGGER batch_keeps_values BEFORE UPDATE ON batch
BEGIN SELECT RAISE(ABORT, 'rows of batch are never changed'); END;
CREATE TRIGGER batch_event_keeps_rows BEFORE DELETE ON batch_event
BEGIN SELECT RAISE(ABORT, 'rows of batch_event are never deleted'); END;
CREATE TRIGGER batch_event_keeps_values BEFORE UPDATE ON batch_event
BEGIN SELECT RAISE(ABORT, 'rows of batch_event are never changed'); END;
CREATE TRIGGER scan_keeps_rows BEFORE DELETE ON scan
BEGIN SELECT RAISE(ABORT, 'rows of scan are never deleted'); END;
CREATE TRIGGER scan_keeps_values BEFORE UPDATE ON scan
BEGIN SELECT RAISE(ABORT, 'rows of scan are never changed'); END;
CREATE TRIGGER feed_movement_keeps_rows BEFORE DELETE ON feed_movement
BEGIN SELECT RAISE(ABORT, 'rows of feed_movement are never deleted'); END;
CREATE TRIGGER feed_movement_keeps_values BEFORE UPDATE ON feed_movement
BEGIN SELECT RAISE(ABORT, 'rows of feed_movement are never changed'); END;
CREATE TRIGGER command_keeps_rows BEFORE DELETE ON command
BEGIN SELECT RAISE(ABORT, 'rows of command are never deleted'); END;
CREATE TRIGGER command_keeps_values BEFORE UPDATE ON command
BEGIN SELECT RAISE(ABORT, 'rows of command are never changed'); END;
CREATE TRIGGER command_done_keeps_rows BEFORE DELETE ON command_done
BEGIN SELECT RAISE(ABORT, 'rows of command_done are never deleted'); END;
CREATE TRIGGER command_done_keeps_values BEFORE UPDATE ON command_done
BEGIN SELECT RAISE(ABORT, 'rows of command_done are never changed'); END;
