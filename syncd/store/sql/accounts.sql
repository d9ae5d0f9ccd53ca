-- name: account_register
-- A configured account as the database knows it: made when new, its settings as they are now.
INSERT INTO syncd.accounts AS a (name, provider, dialect, currency, settle, max_amount, pull_schedule, push_schedule)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE
   SET dialect = excluded.dialect, currency = excluded.currency, settle = excluded.settle,
       max_amount = excluded.max_amount, pull_schedule = excluded.pull_schedule,
       push_schedule = excluded.push_schedule, is_configured = true
RETURNING a.id, a.provider

-- name: lease_register
-- Every account has its lease row.
INSERT INTO syncd.leases (account_id) VALUES ($1) ON CONFLICT DO NOTHING

-- name: accounts_unlisted
-- Accounts that the configuration no longer names keep their data.
UPDATE syncd.accounts SET is_configured = false WHERE is_configured AND name <> ALL ($1::text[])

-- name: field_register
-- What a provider's adapter offers.
INSERT INTO syncd.fields (provider, path, kind, is_readable, is_changeable, scale, call, note)
SELECT $1, d.* FROM unnest($2::text[], $3::text[], $4::bool[], $5::bool[], $6::int[], $7::text[], $8::text[])
       AS d(path, kind, is_readable, is_changeable, scale, call, note)
ON CONFLICT (provider, path) DO UPDATE
   SET kind = excluded.kind, is_readable = excluded.is_readable, is_changeable = excluded.is_changeable,
       scale = excluded.scale, call = excluded.call, note = excluded.note

-- name: fields_forget
-- Paths that an adapter no longer declares.
DELETE FROM syncd.fields WHERE provider = $1 AND path <> ALL ($2::text[])

-- name: account_slots
-- When the next passes are due, as seconds from now; null where nothing was planned yet.
SELECT extract(epoch FROM a.pull_due_at - n.at)::float8 AS pull_in,
       extract(epoch FROM a.push_due_at - n.at)::float8 AS push_in, n.at, a.paused_at IS NOT NULL AS is_paused
  FROM syncd.accounts a CROSS JOIN (SELECT syncd.now() AS at) n WHERE a.id = $1

-- name: slot_pull
-- The pull's slot is done; the next one is then.
UPDATE syncd.accounts SET pull_due_at = $2 WHERE id = $1

-- name: slot_push
-- The push's slot is done; the next one is then.
UPDATE syncd.accounts SET push_due_at = $2 WHERE id = $1

-- name: push_wanted
-- Whether a push or a recovery would find anything to do now, and in how many seconds it otherwise would.
SELECT EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = $1 AND u.state = 'sending') AS has_orphans,
       extract(epoch FROM (SELECT min(CASE WHEN u.state = 'unknown' THEN u.read_after
                                           WHEN u.state = 'held' THEN u.expires_at
                                           WHEN u.expires_at < u.due_at THEN u.expires_at ELSE u.due_at END)
            FROM syncd.updates u JOIN syncd.accounts a ON a.id = u.account_id
           WHERE u.account_id = $1 AND u.state IN ('queued', 'unknown', 'held')
             AND (u.state <> 'queued' OR a.complete_at IS NOT NULL OR EXISTS (
                 SELECT FROM syncd.campaigns k
                  WHERE k.account_id = u.account_id AND k.external_id = u.external_id))
             AND NOT (u.state = 'queued' AND EXISTS (
                 SELECT FROM syncd.updates o WHERE o.account_id = u.account_id AND o.external_id = u.external_id
                    AND o.state = 'unknown'))) - syncd.now())::float8 AS due_in

-- name: account_pause
-- Stop or resume every pass of one account.
UPDATE syncd.accounts SET paused_at = $2, paused_by = $3 WHERE id = $1

-- name: service_beat
-- A service is alive.
INSERT INTO syncd.services (owner, host, version, started_at, seen_at)
VALUES ($1, $2, $3, syncd.now(), syncd.now())
ON CONFLICT (owner) DO UPDATE SET seen_at = syncd.now()

-- name: service_end
-- A service ended cleanly, and rows of those that did not are old.
DELETE FROM syncd.services WHERE owner = $1 OR seen_at < syncd.now() - interval '1 day'

-- name: enqueue_lock
-- Every line is tried in a subtransaction. Had each to lock its account's row for the foreign key, the lock
-- would grow by a member a line; held by the transaction itself, it is there already.
SELECT FROM syncd.accounts a WHERE a.name = ANY ($1::text[]) ORDER BY a.id FOR KEY SHARE

-- name: enqueue_many
-- The one door into the queue, in the order given.
SELECT w.n, e.id, e.code, e.message, e.hint
  FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::text[], $6::text[], $7::timestamptz[],
              $8::timestamptz[], $9::text[], $10::text[])
       WITH ORDINALITY AS w(account, campaign, patch, expect, key, policy, not_before, expires_at, requester, reason, n),
       LATERAL syncd.try_enqueue(w.account, w.campaign, w.patch, w.expect, w.key, w.policy, w.not_before,
                                 w.expires_at, w.requester, w.reason) e
 ORDER BY w.n

-- name: cancel
-- Take an update back.
SELECT syncd.cancel($1, $2)

-- name: plan_waiting
-- Open updates with what each waits for.
SELECT u.id, u.waiting_for FROM report.updates u JOIN syncd.accounts a ON a.name = u.account
 WHERE a.id = $1 AND u.state IN ('queued', 'sending', 'unknown', 'held') ORDER BY u.id

-- name: plan_read_at
-- When the mirror was last complete.
SELECT complete_at FROM syncd.accounts WHERE id = $1
