-- Which of TCGplayer's sets one of ours is, where a person had to say so.
-- Frozen: a later change is a later file.

CREATE TABLE tcgplayer_set (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    game VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    theirs VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TRIGGER tcgplayer_set_keeps_rows BEFORE DELETE ON tcgplayer_set
BEGIN SELECT RAISE(ABORT, 'rows of tcgplayer_set are never deleted'); END;
CREATE TRIGGER tcgplayer_set_keeps_values BEFORE UPDATE ON tcgplayer_set
BEGIN SELECT RAISE(ABORT, 'rows of tcgplayer_set are never changed'); END;
