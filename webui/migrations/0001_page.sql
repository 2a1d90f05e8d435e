-- What the page keeps for itself: who may use it, who did what, and how the device fared.
-- Frozen: a later change is a later file.

CREATE TABLE person (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    password_hash VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_person_name ON person (name);

CREATE TABLE token (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    token_hash VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX ix_token_token_hash ON token (token_hash);

CREATE TABLE token_end (
    token_id INTEGER NOT NULL PRIMARY KEY,
    created_at DATETIME NOT NULL,
    FOREIGN KEY(token_id) REFERENCES token (id)
);

CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_audit_kind ON audit (kind);

CREATE TABLE sample (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    minutes INTEGER NOT NULL,
    figures JSON NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_sample_minutes_created_at ON sample (minutes, created_at);

CREATE TRIGGER person_keeps_rows BEFORE DELETE ON person
BEGIN SELECT RAISE(ABORT, 'rows of person are never deleted'); END;
CREATE TRIGGER person_keeps_values BEFORE UPDATE ON person
BEGIN SELECT RAISE(ABORT, 'rows of person are never changed'); END;
CREATE TRIGGER token_keeps_rows BEFORE DELETE ON token
BEGIN SELECT RAISE(ABORT, 'rows of token are never deleted'); END;
CREATE TRIGGER token_keeps_values BEFORE UPDATE ON token
BEGIN SELECT RAISE(ABORT, 'rows of token are never changed'); END;
CREATE TRIGGER token_end_keeps_rows BEFORE DELETE ON token_end
BEGIN SELECT RAISE(ABORT, 'rows of token_end are never deleted'); END;
CREATE TRIGGER token_end_keeps_values BEFORE UPDATE ON token_end
BEGIN SELECT RAISE(ABORT, 'rows of token_end are never changed'); END;
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'rows of audit are never deleted'); END;
CREATE TRIGGER audit_keeps_values BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'rows of audit are never changed'); END;
