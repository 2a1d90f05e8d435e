-- Offers: a person's word on what is paid for a card, and how the offer for a batch ended.
-- Frozen: a later change is a later file.

CREATE TABLE offer_word (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scan_id INTEGER NOT NULL REFERENCES scan (id),
    kind VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    cash_minor INTEGER NOT NULL,
    credit_minor INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_offer_word_scan_id ON offer_word (scan_id);

CREATE TABLE offer_made (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    outcome VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    cash_minor INTEGER NOT NULL,
    credit_minor INTEGER NOT NULL,
    lines JSON NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_offer_made_batch_id ON offer_made (batch_id);

CREATE TRIGGER offer_word_keeps_rows BEFORE DELETE ON offer_word
BEGIN SELECT RAISE(ABORT, 'rows of offer_word are never deleted'); END;
CREATE TRIGGER offer_word_keeps_values BEFORE UPDATE ON offer_word
BEGIN SELECT RAISE(ABORT, 'rows of offer_word are never changed'); END;
CREATE TRIGGER offer_made_keeps_rows BEFORE DELETE ON offer_made
BEGIN SELECT RAISE(ABORT, 'rows of offer_made are never deleted'); END;
CREATE TRIGGER offer_made_keeps_values BEFORE UPDATE ON offer_made
BEGIN SELECT RAISE(ABORT, 'rows of offer_made are never changed'); END;
