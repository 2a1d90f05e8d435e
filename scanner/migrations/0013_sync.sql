-- The exchange with the cloud: how far each stream has come, how the connection fared, and until
-- when each price is known to hold.
-- Frozen: a later change is a later file.

CREATE TABLE sync_cursor (
    name VARCHAR NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    changed_at DATETIME NOT NULL
);

CREATE TABLE sync_event (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE price_confirmed (
    price_id INTEGER NOT NULL PRIMARY KEY REFERENCES price (id),
    as_of DATETIME NOT NULL
);

-- Each price with the last time at which its source said the same.
CREATE VIEW price_known AS
SELECT
    price.id AS id,
    price.game AS game,
    price.card_id AS card_id,
    price.finish AS finish,
    price.condition AS condition,
    price.currency AS currency,
    price.amount_minor AS amount_minor,
    price.source AS source,
    coalesce(price_confirmed.as_of, price.as_of) AS as_of,
    price.created_at AS created_at
FROM price LEFT JOIN price_confirmed ON price_confirmed.price_id = price.id;

CREATE TRIGGER sync_event_keeps_rows BEFORE DELETE ON sync_event
BEGIN SELECT RAISE(ABORT, 'rows of sync_event are never deleted'); END;
CREATE TRIGGER sync_event_keeps_values BEFORE UPDATE ON sync_event
BEGIN SELECT RAISE(ABORT, 'rows of sync_event are never changed'); END;
