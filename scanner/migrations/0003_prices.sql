-- What printings are worth, as the sync process was told.
-- Frozen: a later change is a later file.

CREATE TABLE price (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    amount_minor INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    as_of DATETIME NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_price_game_card_id ON price (game, card_id);

CREATE TRIGGER price_keeps_rows BEFORE DELETE ON price
BEGIN SELECT RAISE(ABORT, 'rows of price are never deleted'); END;
CREATE TRIGGER price_keeps_values BEFORE UPDATE ON price
BEGIN SELECT RAISE(ABORT, 'rows of price are never changed'); END;
