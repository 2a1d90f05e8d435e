-- Alerts tell both times: when they were raised, and of when the price is.
-- Frozen: a later change is a later file.

ALTER TABLE alert_raised ADD COLUMN price_as_of DATETIME;
ALTER TABLE alert_told ADD COLUMN price_as_of DATETIME;

-- As in 0020. A cloud of before gives the price's time for that at which it raised the alert: it
-- came here soon after.
DROP VIEW card_alert;
CREATE VIEW card_alert AS
WITH every_alert AS (
    SELECT key, 1 AS is_ours, id, '' AS device, rule, cause, scan_id, game, card_id, name, set_name,
        number, variant, finish, text, '[]' AS places, created_at AS raised_at, created_at,
        price_as_of
    FROM alert_raised
    UNION ALL
    SELECT key, 0, id, device, rule, cause, 0, game, card_id, name, set_name, number, variant,
        finish, text, places,
        CASE WHEN device = '' AND price_as_of IS NULL THEN created_at ELSE raised_at END,
        created_at,
        CASE WHEN device = '' THEN coalesce(price_as_of, raised_at) ELSE price_as_of END
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
