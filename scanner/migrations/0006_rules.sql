-- What a shop wrote down: its rules, which of them are in force, its lists of cards; and the rules
-- that each batch was sorted by.
-- Frozen: a later change is a later file.

CREATE TABLE rule_set (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    content JSON NOT NULL,
    removed BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_rule_set_kind_name ON rule_set (kind, name);

CREATE TABLE rules_chosen (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_rules_chosen_kind ON rules_chosen (kind);

CREATE TABLE card_list (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR NOT NULL,
    entries JSON NOT NULL,
    removed BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_card_list_name ON card_list (name);

CREATE TABLE batch_rules (
    batch_id INTEGER NOT NULL PRIMARY KEY REFERENCES batch (id),
    rule_set_id INTEGER NOT NULL REFERENCES rule_set (id),
    created_at DATETIME NOT NULL
);

CREATE TRIGGER rule_set_keeps_rows BEFORE DELETE ON rule_set
BEGIN SELECT RAISE(ABORT, 'rows of rule_set are never deleted'); END;
CREATE TRIGGER rule_set_keeps_values BEFORE UPDATE ON rule_set
BEGIN SELECT RAISE(ABORT, 'rows of rule_set are never changed'); END;
CREATE TRIGGER rules_chosen_keeps_rows BEFORE DELETE ON rules_chosen
BEGIN SELECT RAISE(ABORT, 'rows of rules_chosen are never deleted'); END;
CREATE TRIGGER rules_chosen_keeps_values BEFORE UPDATE ON rules_chosen
BEGIN SELECT RAISE(ABORT, 'rows of rules_chosen are never changed'); END;
CREATE TRIGGER card_list_keeps_rows BEFORE DELETE ON card_list
BEGIN SELECT RAISE(ABORT, 'rows of card_list are never deleted'); END;
CREATE TRIGGER card_list_keeps_values BEFORE UPDATE ON card_list
BEGIN SELECT RAISE(ABORT, 'rows of card_list are never changed'); END;
CREATE TRIGGER batch_rules_keeps_rows BEFORE DELETE ON batch_rules
BEGIN SELECT RAISE(ABORT, 'rows of batch_rules are never deleted'); END;
CREATE TRIGGER batch_rules_keeps_values BEFORE UPDATE ON batch_rules
BEGIN SELECT RAISE(ABORT, 'rows of batch_rules are never changed'); END;
