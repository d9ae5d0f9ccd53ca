-- name: caps_list
-- The owner's limits of one account, or of all.
SELECT c.account, c.path, c.max_amount, c.max_factor, c.max_increase, c.activations, c.set_by, c.set_at
  FROM report.caps c
 WHERE $1::text IS NULL OR c.account = $1
 ORDER BY c.account, c.path <> '*', c.path

-- name: cap_set
-- Figures of a cap, as JSON by name; those that are not named stay as they are.
INSERT INTO syncd.caps AS c (account_id, path, max_amount, max_factor, max_increase, activations, set_by)
SELECT a.id, $2, n.max_amount, n.max_factor, n.max_increase, n.activations, syncd.actor($4)
  FROM syncd.accounts a,
       jsonb_to_record($3::jsonb) n(max_amount numeric, max_factor numeric, max_increase numeric, activations integer)
 WHERE a.name = $1
ON CONFLICT (account_id, path) DO UPDATE
   SET max_amount = coalesce(excluded.max_amount, c.max_amount),
       max_factor = coalesce(excluded.max_factor, c.max_factor),
       max_increase = coalesce(excluded.max_increase, c.max_increase),
       activations = coalesce(excluded.activations, c.activations),
       set_by = excluded.set_by, set_at = syncd.now()

-- name: cap_remove
-- All figures of a cap.
DELETE FROM syncd.caps c USING syncd.accounts a WHERE a.id = c.account_id AND a.name = $1 AND c.path = $2
RETURNING true
