-- How many cards a person counted in a batch's stack.
-- Frozen: a later change is a later file.

CREATE TABLE hand_count (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    cards INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_hand_count_batch_id ON hand_count (batch_id);

CREATE TRIGGER hand_count_keeps_rows BEFORE DELETE ON hand_count
BEGIN SELECT RAISE(ABORT, 'rows of hand_count are never deleted'); END;
CREATE TRIGGER hand_count_keeps_values BEFORE UPDATE ON hand_count
BEGIN SELECT RAISE(ABORT, 'rows of hand_count are never changed'); END;
