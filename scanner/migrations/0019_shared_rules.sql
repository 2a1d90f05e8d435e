-- Alert rules that hold for all scanners of the shop, and the lists of cards that they ask about.
-- Frozen: a later change is a later file.

CREATE TABLE shared_rule_said (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    removed BOOLEAN NOT NULL,
    content JSON NOT NULL,
    "by" VARCHAR NOT NULL,
    changed_at DATETIME NOT NULL
);

CREATE TABLE shared_rule_told (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    removed BOOLEAN NOT NULL,
    content JSON NOT NULL,
    "by" VARCHAR NOT NULL,
    device VARCHAR NOT NULL,
    changed_at DATETIME NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE shared_lists_told (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    lists JSON NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TRIGGER shared_rule_said_keeps_rows BEFORE DELETE ON shared_rule_said
BEGIN SELECT RAISE(ABORT, 'rows of shared_rule_said are never deleted'); END;
CREATE TRIGGER shared_rule_said_keeps_values BEFORE UPDATE ON shared_rule_said
BEGIN SELECT RAISE(ABORT, 'rows of shared_rule_said are never changed'); END;

CREATE TRIGGER shared_rule_told_keeps_rows BEFORE DELETE ON shared_rule_told
BEGIN SELECT RAISE(ABORT, 'rows of shared_rule_told are never deleted'); END;
CREATE TRIGGER shared_rule_told_keeps_values BEFORE UPDATE ON shared_rule_told
BEGIN SELECT RAISE(ABORT, 'rows of shared_rule_told are never changed'); END;

CREATE TRIGGER shared_lists_told_keeps_rows BEFORE DELETE ON shared_lists_told
BEGIN SELECT RAISE(ABORT, 'rows of shared_lists_told are never deleted'); END;
CREATE TRIGGER shared_lists_told_keeps_values BEFORE UPDATE ON shared_lists_told
BEGIN SELECT RAISE(ABORT, 'rows of shared_lists_told are never changed'); END;
