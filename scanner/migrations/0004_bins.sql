-- Where each card went: its batch's mode, its bin with the rule that took it, and emptied bins.
-- Frozen: a later change is a later file.

ALTER TABLE batch ADD COLUMN mode VARCHAR NOT NULL DEFAULT 'scan';

CREATE TABLE route (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scan_id INTEGER NOT NULL UNIQUE REFERENCES scan (id),
    bin INTEGER NOT NULL,
    rule VARCHAR NOT NULL,
    why VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_route_bin_scan_id ON route (bin, scan_id);

CREATE TABLE bin_emptied (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    bin INTEGER NOT NULL,
    after_scan INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_bin_emptied_bin ON bin_emptied (bin);

CREATE TRIGGER route_keeps_rows BEFORE DELETE ON route
BEGIN SELECT RAISE(ABORT, 'rows of route are never deleted'); END;
CREATE TRIGGER route_keeps_values BEFORE UPDATE ON route
BEGIN SELECT RAISE(ABORT, 'rows of route are never changed'); END;
CREATE TRIGGER bin_emptied_keeps_rows BEFORE DELETE ON bin_emptied
BEGIN SELECT RAISE(ABORT, 'rows of bin_emptied are never deleted'); END;
CREATE TRIGGER bin_emptied_keeps_values BEFORE UPDATE ON bin_emptied
BEGIN SELECT RAISE(ABORT, 'rows of bin_emptied are never changed'); END;
