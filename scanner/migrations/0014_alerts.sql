-- Alerts: cards that set off a rule, prices that the cloud tells of, and who acknowledged them.
-- Frozen: a later change is a later file.

CREATE TABLE alert_raised (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key VARCHAR NOT NULL UNIQUE,
    rule VARCHAR NOT NULL,
    cause VARCHAR NOT NULL,
    scan_id INTEGER NOT NULL REFERENCES scan (id),
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX ix_alert_raised_scan_id_rule ON alert_raised (scan_id, rule);

CREATE TABLE alert_told (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key VARCHAR NOT NULL UNIQUE,
    device VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    cause VARCHAR NOT NULL,
    game VARCHAR NOT NULL,
    card_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    set_name VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    finish VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    places JSON NOT NULL,
    raised_at DATETIME NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE alert_closed (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key VARCHAR NOT NULL UNIQUE,
    "by" VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE alert_closed_told (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key VARCHAR NOT NULL UNIQUE,
    "by" VARCHAR NOT NULL,
    device VARCHAR NOT NULL,
    closed_at DATETIME NOT NULL,
    created_at DATETIME NOT NULL
);

-- Every alert once, with who closed it; one that was raised here may come back from the cloud.
CREATE VIEW card_alert AS
WITH every_alert AS (
    SELECT key, 1 AS is_ours, id, '' AS device, rule, cause, scan_id, game, card_id, name, set_name,
        number, variant, finish, text, '[]' AS places, created_at AS raised_at, created_at
    FROM alert_raised
    UNION ALL
    SELECT key, 0, id, device, rule, cause, 0, game, card_id, name, set_name, number, variant,
        finish, text, places, raised_at, created_at
    FROM alert_told WHERE key NOT IN (SELECT key FROM alert_raised)
)
SELECT
    every_alert.*,
    coalesce(here.created_at, there.closed_at) AS closed_at,
    coalesce(here."by", there."by", '') AS closed_by,
    coalesce(there.device, '') AS closed_on
FROM every_alert
LEFT JOIN alert_closed AS here ON here.key = every_alert.key
LEFT JOIN alert_closed_told AS there ON there.key = every_alert.key AND here.key IS NULL;

CREATE TRIGGER alert_raised_keeps_rows BEFORE DELETE ON alert_raised
BEGIN SELECT RAISE(ABORT, 'rows of alert_raised are never deleted'); END;
CREATE TRIGGER alert_raised_keeps_values BEFORE UPDATE ON alert_raised
BEGIN SELECT RAISE(ABORT, 'rows of alert_raised are never changed'); END;

CREATE TRIGGER alert_told_keeps_rows BEFORE DELETE ON alert_told
BEGIN SELECT RAISE(ABORT, 'rows of alert_told are never deleted'); END;
CREATE TRIGGER alert_told_keeps_values BEFORE UPDATE ON alert_told
BEGIN SELECT RAISE(ABORT, 'rows of alert_told are never changed'); END;

CREATE TRIGGER alert_closed_keeps_rows BEFORE DELETE ON alert_closed
BEGIN SELECT RAISE(ABORT, 'rows of alert_closed are never deleted'); END;
CREATE TRIGGER alert_closed_keeps_values BEFORE UPDATE ON alert_closed
BEGIN SELECT RAISE(ABORT, 'rows of alert_closed are never changed'); END;

CREATE TRIGGER alert_closed_told_keeps_rows BEFORE DELETE ON alert_closed_told
BEGIN SELECT RAISE(ABORT, 'rows of alert_closed_told are never deleted'); END;
CREATE TRIGGER alert_closed_told_keeps_values BEFORE UPDATE ON alert_closed_told
BEGIN SELECT RAISE(ABORT, 'rows of alert_closed_told are never changed'); END;
