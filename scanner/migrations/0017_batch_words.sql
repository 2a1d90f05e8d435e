-- What a person says of a batch after it was begun: its name, its place, what holds for its cards.
-- Frozen: a later change is a later file.

CREATE TABLE batch_word (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    name VARCHAR NOT NULL,
    store VARCHAR NOT NULL,
    location VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_batch_word_batch_id ON batch_word (batch_id);

CREATE TRIGGER batch_word_keeps_rows BEFORE DELETE ON batch_word
BEGIN SELECT RAISE(ABORT, 'rows of batch_word are never deleted'); END;
CREATE TRIGGER batch_word_keeps_values BEFORE UPDATE ON batch_word
BEGIN SELECT RAISE(ABORT, 'rows of batch_word are never changed'); END;

-- A batch as it is called now: the newest word counts.
CREATE VIEW batch_now AS
SELECT
    batch.id AS id,
    coalesce(word.name, batch.name) AS name,
    batch.expected_cards AS expected_cards,
    batch.driver AS driver,
    batch.created_at AS created_at,
    batch.mode AS mode,
    batch.kind AS kind,
    coalesce(word.store, batch.store) AS store,
    coalesce(word.location, batch.location) AS location,
    batch.game AS game,
    batch.sets AS sets,
    coalesce(word.condition, batch.condition) AS condition,
    coalesce(word.language, batch.language) AS language,
    batch.upload_id AS upload_id
FROM batch
LEFT JOIN batch_word AS word ON word.id = (
    SELECT max(last.id) FROM batch_word AS last WHERE last.batch_id = batch.id
);

-- The last word on each scan, as in 0015, with what is said of its batch by now.
DROP VIEW present_answer;
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
    coalesce(person.created_at, again.created_at, scan.created_at) AS answered_at,
    coalesce(nullif(person.language, ''), batch.language) AS language,
    coalesce(nullif(person.condition, ''), batch.condition) AS condition,
    CASE WHEN person.id THEN 1.0 WHEN again.id THEN again.probability ELSE scan.probability END
        AS probability
FROM scan
JOIN batch_now AS batch ON batch.id = scan.batch_id
LEFT JOIN correction AS person ON person.id = (
    SELECT max(said.id) FROM correction AS said
    WHERE said.scan_id = scan.id AND said.kind = 'corrected' AND NOT EXISTS (
        SELECT 1 FROM correction AS back
        WHERE back.scan_id = scan.id AND back.kind = 'undone'
            AND (back.undoes = said.id OR (back.undoes = 0 AND back.id > said.id))
    )
)
LEFT JOIN retry AS again ON again.id = (
    SELECT max(last.id) FROM retry AS last
    WHERE last.scan_id = scan.id AND last.outcome IN ('accepted', 'review')
);
