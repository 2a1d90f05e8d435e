-- Pictures that came in by the page, the API or a watched folder, and what came of each.
-- Frozen: a later change is a later file.

CREATE TABLE upload (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    client VARCHAR NOT NULL,
    store VARCHAR NOT NULL,
    location VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    sets JSON NOT NULL,
    condition VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE upload_picture (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    upload_id INTEGER NOT NULL REFERENCES upload (id),
    name VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    size_bytes INTEGER NOT NULL,
    file VARCHAR NOT NULL,
    again_of INTEGER NOT NULL,
    problem VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_upload_picture_sha256 ON upload_picture (sha256);
CREATE INDEX ix_upload_picture_upload_id ON upload_picture (upload_id);

CREATE TABLE upload_stop (
    upload_id INTEGER NOT NULL PRIMARY KEY,
    created_at DATETIME NOT NULL
);

CREATE TABLE upload_result (
    picture_id INTEGER NOT NULL PRIMARY KEY,
    scan_id INTEGER REFERENCES scan (id),
    sha256 VARCHAR NOT NULL,
    tried_with VARCHAR NOT NULL,
    is_cached BOOLEAN NOT NULL,
    problem VARCHAR NOT NULL,
    took_ms FLOAT NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_upload_result_sha256_tried_with ON upload_result (sha256, tried_with);

CREATE INDEX ix_batch_upload_id ON batch (upload_id);

CREATE TRIGGER upload_keeps_rows BEFORE DELETE ON upload
BEGIN SELECT RAISE(ABORT, 'rows of upload are never deleted'); END;
CREATE TRIGGER upload_keeps_values BEFORE UPDATE ON upload
BEGIN SELECT RAISE(ABORT, 'rows of upload are never changed'); END;
CREATE TRIGGER upload_picture_keeps_rows BEFORE DELETE ON upload_picture
BEGIN SELECT RAISE(ABORT, 'rows of upload_picture are never deleted'); END;
CREATE TRIGGER upload_picture_keeps_values BEFORE UPDATE ON upload_picture
BEGIN SELECT RAISE(ABORT, 'rows of upload_picture are never changed'); END;
CREATE TRIGGER upload_stop_keeps_rows BEFORE DELETE ON upload_stop
BEGIN SELECT RAISE(ABORT, 'rows of upload_stop are never deleted'); END;
CREATE TRIGGER upload_stop_keeps_values BEFORE UPDATE ON upload_stop
BEGIN SELECT RAISE(ABORT, 'rows of upload_stop are never changed'); END;
CREATE TRIGGER upload_result_keeps_rows BEFORE DELETE ON upload_result
BEGIN SELECT RAISE(ABORT, 'rows of upload_result are never deleted'); END;
CREATE TRIGGER upload_result_keeps_values BEFORE UPDATE ON upload_result
BEGIN SELECT RAISE(ABORT, 'rows of upload_result are never changed'); END;
