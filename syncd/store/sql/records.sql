-- name: recent_window
-- How much was changed and started within the window, and of how many campaigns. A campaign that is gone or missing
-- is none to be changed.
SELECT n.now, (SELECT count(*) FROM syncd.campaigns c
                WHERE c.account_id = $1 AND c.gone_at IS NULL AND c.missing_since IS NULL) AS campaigns,
       coalesce(s.starts, 0) AS starts, coalesce(s.changed, '{}') AS changed
  FROM (SELECT syncd.now() AS now) n
 CROSS JOIN LATERAL (
       SELECT sum(s.starts) AS starts, array_agg(DISTINCT s.external_id) FILTER (WHERE s.external_id IS NOT NULL) AS changed
         FROM syncd.sent_since($1, n.now - make_interval(secs => $2)) s) s

-- name: recent_rises
-- By how much budgets rose within the window, by currency.
SELECT coalesce(s.currency, '') AS currency, sum(s.rise) AS rise
  FROM syncd.sent_since($1, syncd.now() - make_interval(secs => $2)) s
 GROUP BY 1 HAVING sum(s.rise) > 0

-- name: recent_changes
-- When a path was last sent, of the campaigns named or of those with something queued or held.
SELECT p.external_id, p.path, extract(epoch FROM syncd.now() - l.sent_at)::float8 AS seconds
  FROM (SELECT DISTINCT u.external_id, k.path FROM syncd.updates u, jsonb_object_keys(u.patch) k(path)
         WHERE u.account_id = $1 AND u.state IN ('queued', 'held') AND u.external_id IS NOT NULL
           AND ($2::text[] IS NULL OR u.external_id = ANY ($2))) p
 CROSS JOIN LATERAL (
       SELECT b.sent_at FROM syncd.attempts t
         JOIN syncd.batches b ON b.account_id = t.account_id AND b.id = t.batch_id
         JOIN syncd.updates u ON u.account_id = t.account_id AND u.id = t.update_id
        WHERE t.account_id = $1 AND t.external_id = p.external_id AND t.sent ? p.path
          AND syncd.counted(t, u) ? p.path
        ORDER BY t.batch_id DESC LIMIT 1) l

-- name: caps_of
-- The owner's limits.
SELECT c.path, c.max_amount, c.max_factor, c.max_increase, c.activations
  FROM syncd.caps c WHERE c.account_id = $1 ORDER BY c.path

-- name: plan_save
-- Keep a plan as it was shown.
INSERT INTO syncd.plans (account_id, hash, items, document, made_at, made_by, expires_at)
SELECT $1, $2, $3, $4, n.at, $5, n.at + $6 FROM (SELECT syncd.now() AS at) n

-- name: plan_find
-- The newest plan of each hash that begins so, over all accounts; two of them tell that it is ambiguous.
SELECT p.* FROM syncd.shown_plans($1) p ORDER BY p.hash LIMIT 2
