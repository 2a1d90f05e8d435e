-- The shop's stock: what people say of the cards on the shelf, their saved filters, what went out in
-- which export, and which SKU ids the shop's own TCGplayer file taught.
-- Frozen: a later change is a later file.

CREATE TABLE stock_change (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    undoes INTEGER NOT NULL,
    summary VARCHAR NOT NULL,
    cards INTEGER NOT NULL,
    after_correction INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE stock_edit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    change_id INTEGER NOT NULL REFERENCES stock_change (id),
    scan_id INTEGER NOT NULL REFERENCES scan (id),
    condition VARCHAR,
    language VARCHAR,
    finish VARCHAR,
    location VARCHAR,
    removed VARCHAR
);
CREATE INDEX ix_stock_edit_change_id ON stock_edit (change_id);
CREATE INDEX ix_stock_edit_scan_id ON stock_edit (scan_id);

CREATE TABLE saved_filter (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    filter JSON NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE stock_export (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    undoes INTEGER NOT NULL,
    format VARCHAR NOT NULL,
    file_name VARCHAR NOT NULL,
    filter JSON NOT NULL,
    "rows" INTEGER NOT NULL,
    added INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    left_out INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_stock_export_format ON stock_export (format);

CREATE TABLE stock_export_card (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    export_id INTEGER NOT NULL REFERENCES stock_export (id),
    scan_id INTEGER NOT NULL REFERENCES scan (id),
    sku VARCHAR NOT NULL,
    quantity INTEGER NOT NULL
);
CREATE INDEX ix_stock_export_card_export_id ON stock_export_card (export_id);

CREATE TABLE tcgplayer_sku (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sku VARCHAR NOT NULL,
    product_line VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    product_name VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    rarity VARCHAR NOT NULL,
    condition VARCHAR NOT NULL,
    price VARCHAR NOT NULL,
    quantity INTEGER NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX ix_tcgplayer_sku_sku ON tcgplayer_sku (sku);

CREATE TRIGGER stock_change_keeps_rows BEFORE DELETE ON stock_change
BEGIN SELECT RAISE(ABORT, 'rows of stock_change are never deleted'); END;
CREATE TRIGGER stock_change_keeps_values BEFORE UPDATE ON stock_change
BEGIN SELECT RAISE(ABORT, 'rows of stock_change are never changed'); END;
CREATE TRIGGER stock_edit_keeps_rows BEFORE DELETE ON stock_edit
BEGIN SELECT RAISE(ABORT, 'rows of stock_edit are never deleted'); END;
CREATE TRIGGER stock_edit_keeps_values BEFORE UPDATE ON stock_edit
BEGIN SELECT RAISE(ABORT, 'rows of stock_edit are never changed'); END;
CREATE TRIGGER saved_filter_keeps_rows BEFORE DELETE ON saved_filter
BEGIN SELECT RAISE(ABORT, 'rows of saved_filter are never deleted'); END;
CREATE TRIGGER saved_filter_keeps_values BEFORE UPDATE ON saved_filter
BEGIN SELECT RAISE(ABORT, 'rows of saved_filter are never changed'); END;
CREATE TRIGGER stock_export_keeps_rows BEFORE DELETE ON stock_export
BEGIN SELECT RAISE(ABORT, 'rows of stock_export are never deleted'); END;
CREATE TRIGGER stock_export_keeps_values BEFORE UPDATE ON stock_export
BEGIN SELECT RAISE(ABORT, 'rows of stock_export are never changed'); END;
CREATE TRIGGER stock_export_card_keeps_rows BEFORE DELETE ON stock_export_card
BEGIN SELECT RAISE(ABORT, 'rows of stock_export_card are never deleted'); END;
CREATE TRIGGER stock_export_card_keeps_values BEFORE UPDATE ON stock_export_card
BEGIN SELECT RAISE(ABORT, 'rows of stock_export_card are never changed'); END;
CREATE TRIGGER tcgplayer_sku_keeps_rows BEFORE DELETE ON tcgplayer_sku
BEGIN SELECT RAISE(ABORT, 'rows of tcgplayer_sku are never deleted'); END;
CREATE TRIGGER tcgplayer_sku_keeps_values BEFORE UPDATE ON tcgplayer_sku
BEGIN SELECT RAISE(ABORT, 'rows of tcgplayer_sku are never changed'); END;
