-- Alerts of cards that are named later: withdrawn where the card is another one after all.
-- Frozen: a later change is a later file.

CREATE TABLE alert_withdrawn (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key VARCHAR NOT NULL UNIQUE,
    why VARCHAR NOT NULL,
    created_at DATETIME NOT NULL
);

CREATE TABLE alert_cursor (
    name VARCHAR NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    changed_at DATETIME NOT NULL
);

-- A scan may set off a rule again once its card is another one.
DROP INDEX ix_alert_raised_scan_id_rule;
CREATE INDEX ix_alert_raised_scan_id ON alert_raised (scan_id);

-- Every alert once, as in 0014, with those that were withdrawn.
DROP VIEW card_alert;
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
    coalesce(here.created_at, gone.created_at, there.closed_at) AS closed_at,
    coalesce(here."by", gone.why, there."by", '') AS closed_by,
    coalesce(there.device, '') AS closed_on
FROM every_alert
LEFT JOIN alert_closed AS here ON here.key = every_alert.key
LEFT JOIN alert_withdrawn AS gone ON gone.key = every_alert.key AND here.key IS NULL
LEFT JOIN alert_closed_told AS there ON there.key = every_alert.key
    AND here.key IS NULL AND gone.key IS NULL;

CREATE TRIGGER alert_withdrawn_keeps_rows BEFORE DELETE ON alert_withdrawn
BEGIN SELECT RAISE(ABORT, 'rows of alert_withdrawn are never deleted'); END;
CREATE TRIGGER alert_withdrawn_keeps_values BEFORE UPDATE ON alert_withdrawn
BEGIN SELECT RAISE(ABORT, 'rows of alert_withdrawn are never changed'); END;
