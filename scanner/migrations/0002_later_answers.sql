-- What is learned of a scan after it was made: tried again with other packs or models, or corrected
-- by a person. And one place that says what the present answer of a scan is.
-- Frozen: a later change is a later file.

CREATE TABLE packs_in_use (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    tried_with VARCHAR NOT NULL,
    packs JSON NOT NULL,
    model_id VARCHAR NOT NULL,
    after_scan INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_packs_in_use_after_scan ON packs_in_use (after_scan);

CREATE TABLE retry (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scan_id INTEGER NOT NULL REFERENCES scan (id),
    tried_with VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    decision VARCHAR NOT NULL,
    reasons JSON NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    score FLOAT NOT NULL,
    candidates JSON NOT NULL,
    stages_ms JSON NOT NULL,
    recognizer VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    pack_id VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX ix_retry_scan_id_tried_with ON retry (scan_id, tried_with);

CREATE TABLE correction (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scan_id INTEGER NOT NULL REFERENCES scan (id),
    kind VARCHAR NOT NULL,
    decision VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_correction_scan_id ON correction (scan_id);

-- The last word on each scan: a person's correction that stands, else the last retry that changed
-- the answer, else the scan itself. `row_id` is the id of the row in the table that `source` names.
CREATE VIEW present_answer AS
SELECT
    scan.id AS scan_id,
    scan.batch_id AS batch_id,
    scan.sequence AS sequence,
    CASE WHEN person.id THEN 'person' WHEN again.id THEN 'retry' ELSE 'scan' END AS source,
    coalesce(person.id, again.id, scan.id) AS row_id,
    coalesce(person.decision, again.decision, scan.decision) AS decision,
    CASE WHEN person.id THEN '[]' WHEN again.id THEN again.reasons ELSE scan.reasons END AS reasons,
    coalesce(person.game, again.game, scan.game) AS game,
    coalesce(person.card_id, again.card_id, scan.card_id) AS card_id,
    coalesce(person.name, again.name, scan.name) AS name,
    coalesce(person.set_name, again.set_name, scan.set_name) AS set_name,
    coalesce(person.number, again.number, scan.number) AS number,
    coalesce(person.variant, again.variant, scan.variant) AS variant,
    coalesce(person.finish, again.finish, scan.finish) AS finish,
    CASE WHEN person.id THEN 1.0 ELSE coalesce(again.score, scan.score) END AS score,
    coalesce(again.candidates, scan.candidates) AS candidates,
    coalesce(again.recognizer, scan.recognizer) AS recognizer,
    coalesce(again.model_id, scan.model_id) AS model_id,
    coalesce(again.pack_id, scan.pack_id) AS pack_id,
    scan.crop_path AS crop_path,
    coalesce(person.created_at, again.created_at, scan.created_at) AS answered_at
FROM scan
LEFT JOIN correction AS person ON person.kind = 'corrected' AND person.id = (
    SELECT max(last.id) FROM correction AS last WHERE last.scan_id = scan.id
)
LEFT JOIN retry AS again ON again.id = (
    SELECT max(last.id) FROM retry AS last
    WHERE last.scan_id = scan.id AND last.outcome IN ('accepted', 'review')
);

CREATE TRIGGER packs_in_use_keeps_rows BEFORE DELETE ON packs_in_use
BEGIN SELECT RAISE(ABORT, 'rows of packs_in_use are never deleted'); END;
CREATE TRIGGER packs_in_use_keeps_values BEFORE UPDATE ON packs_in_use
BEGIN SELECT RAISE(ABORT, 'rows of packs_in_use are never changed'); END;
CREATE TRIGGER retry_keeps_rows BEFORE DELETE ON retry
BEGIN SELECT RAISE(ABORT, 'rows of retry are never deleted'); END;
CREATE TRIGGER retry_keeps_values BEFORE UPDATE ON retry
BEGIN SELECT RAISE(ABORT, 'rows of retry are never changed'); END;
CREATE TRIGGER correction_keeps_rows BEFORE DELETE ON correction
BEGIN SELECT RAISE(ABORT, 'rows of correction are never deleted'); END;
CREATE TRIGGER correction_keeps_values BEFORE UPDATE ON correction
BEGIN SELECT RAISE(ABORT, 'rows of correction are never changed'); END;
