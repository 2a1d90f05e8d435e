-- What the cloud keeps: each device's log as it came in, and prices.
-- Frozen: a later change is a later file.

CREATE TABLE device (
    device VARCHAR NOT NULL PRIMARY KEY,
    log VARCHAR NOT NULL,
    is_online BOOLEAN NOT NULL,
    release VARCHAR NOT NULL,
    counters VARCHAR NOT NULL,
    seen_at DATETIME NOT NULL
);

CREATE TABLE received (
    device VARCHAR NOT NULL,
    log VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    up_to INTEGER NOT NULL,
    PRIMARY KEY (device, log, stream)
);

CREATE TABLE received_early (
    device VARCHAR NOT NULL,
    log VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    after INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (device, log, stream, after, last)
);

CREATE TABLE refused_message (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    topic VARCHAR NOT NULL,
    size_bytes INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE batch (
    device VARCHAR NOT NULL,
    log VARCHAR NOT NULL,
    id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    name VARCHAR NOT NULL,
    driver VARCHAR NOT NULL,
    mode VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    store VARCHAR NOT NULL,
    location VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    PRIMARY KEY (device, log, id)
);

CREATE TABLE scan (
    device VARCHAR NOT NULL,
    log VARCHAR NOT NULL,
    id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    decision VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    batch_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    reasons JSON NOT NULL,
    "view" VARCHAR NOT NULL,
    score FLOAT NOT NULL,
    upside_down BOOLEAN NOT NULL,
    recognizer VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    pack_id VARCHAR NOT NULL,
    driver VARCHAR NOT NULL,
    bin INTEGER NOT NULL,
    rule VARCHAR NOT NULL,
    PRIMARY KEY (device, log, id)
);
CREATE INDEX ix_scan_game_card_id ON scan (game, card_id);

CREATE TABLE retry (
    device VARCHAR NOT NULL,
    log VARCHAR NOT NULL,
    id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    decision VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    scan_id INTEGER NOT NULL,
    outcome VARCHAR NOT NULL,
    reasons JSON NOT NULL,
    score FLOAT NOT NULL,
    recognizer VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    pack_id VARCHAR NOT NULL,
    PRIMARY KEY (device, log, id)
);
CREATE INDEX ix_retry_scan ON retry (device, log, scan_id);

CREATE TABLE correction (
    device VARCHAR NOT NULL,
    log VARCHAR NOT NULL,
    id INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    decision VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    scan_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    undoes INTEGER NOT NULL,
    PRIMARY KEY (device, log, id)
);
CREATE INDEX ix_correction_scan ON correction (device, log, scan_id);

-- What each scan shows by now, by the device's own rule: the last word of a person that was not
-- taken back, else the last retry that found something, else the scan. In the order of ids, so that
-- it does not matter in which order rows came in.
CREATE VIEW present_answer AS
SELECT
    scan.device AS device,
    scan.log AS log,
    scan.id AS scan_id,
    CASE WHEN person.id THEN 'person' WHEN again.id THEN 'retry' ELSE 'scan' END AS source,
    coalesce(person.decision, again.decision, scan.decision) AS decision,
    coalesce(person.game, again.game, scan.game) AS game,
    coalesce(person.card_id, again.card_id, scan.card_id) AS card_id,
    coalesce(person.name, again.name, scan.name) AS name,
    coalesce(person.set_name, again.set_name, scan.set_name) AS set_name,
    coalesce(person.number, again.number, scan.number) AS number,
    coalesce(person.variant, again.variant, scan.variant) AS variant,
    coalesce(person.finish, again.finish, scan.finish) AS finish,
    coalesce(nullif(person.language, ''), batch.language, '') AS language,
    coalesce(nullif(person.condition, ''), batch.condition, '') AS condition
FROM scan
LEFT JOIN batch
    ON batch.device = scan.device AND batch.log = scan.log AND batch.id = scan.batch_id
LEFT JOIN correction AS person
    ON person.device = scan.device AND person.log = scan.log AND person.id = (
    SELECT max(said.id) FROM correction AS said
    WHERE said.device = scan.device AND said.log = scan.log AND said.scan_id = scan.id
        AND said.kind = 'corrected' AND NOT EXISTS (
        SELECT 1 FROM correction AS back
        WHERE back.device = scan.device AND back.log = scan.log AND back.scan_id = scan.id
            AND back.kind = 'undone'
            AND (back.undoes = said.id OR (back.undoes = 0 AND back.id > said.id))
    )
)
LEFT JOIN retry AS again
    ON again.device = scan.device AND again.log = scan.log AND again.id = (
    SELECT max(last.id) FROM retry AS last
    WHERE last.device = scan.device AND last.log = scan.log AND last.scan_id = scan.id
        AND last.outcome IN ('accepted', 'review')
);

CREATE TABLE price (
    game VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    amount_minor INTEGER NOT NULL,
    as_of DATETIME NOT NULL,
    changed_in INTEGER NOT NULL,
    PRIMARY KEY (game, set_name, card_id, finish, condition, currency, source)
);
CREATE INDEX ix_price_changed ON price (game, set_name, changed_in);

CREATE TABLE price_change (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    amount_minor INTEGER NOT NULL,
    as_of DATETIME NOT NULL
);
CREATE INDEX ix_price_change_card ON price_change (game, card_id);

CREATE TABLE price_feed (
    game VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    told INTEGER NOT NULL,
    snapshot INTEGER NOT NULL,
    published INTEGER NOT NULL,
    PRIMARY KEY (game, set_name)
);
