-- name: account_rescoped
-- In another scope what is missing has to be found missing anew. Locked in id order, as everywhere.
WITH missing AS (
    SELECT c.account_id, c.external_id FROM syncd.campaigns c JOIN syncd.accounts a ON a.id = c.account_id
     WHERE a.name = $1 AND a.provider = $2 AND a.scope <> $3 AND c.missing_since IS NOT NULL AND c.gone_at IS NULL
     ORDER BY c.external_id FOR NO KEY UPDATE OF c)
UPDATE syncd.campaigns c SET missing_since = NULL, missing_why = NULL FROM missing m
 WHERE c.account_id = m.account_id AND c.external_id = m.external_id

-- name: account_register
-- A configured account as the database knows it: made when new, its settings as they are now.
INSERT INTO syncd.accounts AS a (name, provider, dialect, currency, settle, max_amount, pull_schedule, push_schedule,
                                 can_create, free_guards, evidence, missing_after, push_interval, scope, scope_since,
                                 policy, fresh_for, four_eyes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text[], $11, $12, $13, $14, syncd.now(), $15, $16, $17)
ON CONFLICT (name) DO UPDATE
   SET dialect = excluded.dialect, currency = excluded.currency, settle = excluded.settle,
       max_amount = excluded.max_amount, pull_schedule = excluded.pull_schedule,
       push_schedule = excluded.push_schedule, can_create = excluded.can_create,
       push_due_at = CASE WHEN a.push_schedule = excluded.push_schedule THEN a.push_due_at END,
       free_guards = excluded.free_guards, evidence = excluded.evidence, missing_after = excluded.missing_after,
       push_interval = excluded.push_interval, scope = excluded.scope, policy = excluded.policy,
       fresh_for = excluded.fresh_for, four_eyes = excluded.four_eyes,
       scope_since = CASE WHEN a.scope = excluded.scope THEN a.scope_since ELSE excluded.scope_since END,
       is_configured = true
 WHERE a.provider = excluded.provider
RETURNING a.id

-- name: account_renamed
-- The account that had this name before it was renamed.
SELECT a.name FROM syncd.accounts a
 WHERE $1 = ANY (a.former_names) AND NOT EXISTS (SELECT FROM syncd.accounts o WHERE o.name = $1) LIMIT 1

-- name: accounts_known
-- The accounts that there are.
SELECT a.id FROM syncd.accounts a

-- name: accounts_joined
-- Whoever paused every account wants nothing sent, by one that is added after it as little: these begin paused. Asked
-- after they were made, while their transaction holds the rows of those that were there.
UPDATE syncd.accounts n
   SET paused_at = syncd.now(), paused_by = o.paused_by,
       paused_reason = 'every account was paused when this one was added'
  FROM (SELECT (array_agg(a.paused_by ORDER BY a.paused_at DESC))[1] AS paused_by FROM syncd.accounts a
         WHERE a.id <> ALL ($1::integer[]) HAVING bool_and(a.paused_at IS NOT NULL)) o
 WHERE n.id = ANY ($1::integer[]) AND n.paused_at IS NULL

-- name: lease_register
-- Every account has its lease row.
INSERT INTO syncd.leases (account_id) VALUES ($1) ON CONFLICT DO NOTHING

-- name: accounts_unlisted
-- Accounts that the configuration no longer names keep their data.
UPDATE syncd.accounts SET is_configured = false WHERE is_configured AND name <> ALL ($1::text[])

-- name: field_register
-- What a provider's adapter offers in one dialect.
INSERT INTO syncd.fields (provider, dialect, path, kind, is_readable, is_changeable, is_creatable, is_required,
                          is_nullable, choices, scale, least, is_above_least, longest, guard, call, note)
SELECT $1, $2, d.path, d.kind, d.is_readable, d.is_changeable, d.is_creatable, d.is_required, d.is_nullable,
       ARRAY(SELECT jsonb_array_elements_text(d.choices)), d.scale, d.least, d.is_above_least, d.longest, d.guard,
       d.call, d.note
  FROM jsonb_to_recordset($3::jsonb) AS d(
       path text, kind text, is_readable boolean, is_changeable boolean, is_creatable boolean, is_required boolean,
       is_nullable boolean, choices jsonb, scale integer, least numeric, is_above_least boolean, longest integer,
       guard text, call text, note text)
ON CONFLICT (provider, dialect, path) DO UPDATE
   SET kind = excluded.kind, is_readable = excluded.is_readable, is_changeable = excluded.is_changeable,
       is_creatable = excluded.is_creatable, is_required = excluded.is_required, is_nullable = excluded.is_nullable,
       choices = excluded.choices, scale = excluded.scale, least = excluded.least,
       is_above_least = excluded.is_above_least, longest = excluded.longest, guard = excluded.guard,
       call = excluded.call, note = excluded.note

-- name: fields_forget
-- Paths that an adapter no longer declares.
DELETE FROM syncd.fields WHERE provider = $1 AND dialect = $2 AND path <> ALL ($3::text[])

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
-- Whether a push or a recovery would find anything to do now, and in how many seconds it otherwise would; a recovery
-- alone has to do with what had no answer.
SELECT EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = $1 AND u.state = 'sending') AS has_orphans,
       extract(epoch FROM (SELECT min(u.read_after) FROM syncd.updates u
                            WHERE u.account_id = $1 AND u.state = 'unknown') - syncd.now())::float8 AS unknown_in,
       extract(epoch FROM (SELECT min(CASE WHEN u.state = 'unknown' THEN u.read_after
                                           -- Held for a cause that is gone: the next push takes it back.
                                           WHEN u.state = 'held' THEN least(syncd.released_at(u, a),
                                                CASE WHEN NOT syncd.is_unresolved(u) THEN u.expires_at END)
                                           WHEN u.expires_at < u.due_at THEN u.expires_at ELSE u.due_at END)
            FROM syncd.updates u JOIN syncd.accounts a ON a.id = u.account_id
           WHERE u.account_id = $1 AND u.state IN ('queued', 'unknown', 'held')
             AND (u.state <> 'queued' OR a.complete_at IS NOT NULL OR EXISTS (
                 SELECT FROM syncd.campaigns k
                  WHERE k.account_id = u.account_id AND k.external_id = u.external_id))
             AND NOT (u.state = 'queued' AND EXISTS (
                 SELECT FROM syncd.updates o WHERE o.account_id = u.account_id AND o.external_id = u.external_id
                    AND o.state = 'unknown'))) - syncd.now())::float8 AS due_in

-- name: pause
-- Stop every pass of one account, or of all.
SELECT syncd.pause($1, $2, $3)

-- name: resume
-- Let them run again.
SELECT syncd.resume($1, $2, $3)

-- name: service_beat
-- A service is alive.
INSERT INTO syncd.services (owner, host, version, started_at, seen_at)
VALUES ($1, $2, $3, syncd.now(), syncd.now())
ON CONFLICT (owner) DO UPDATE SET seen_at = syncd.now()

-- name: service_end
-- A service ended cleanly, and rows of those that did not are old.
DELETE FROM syncd.services WHERE owner = $1 OR seen_at < syncd.now() - interval '1 day'

-- name: enqueue_lock
-- The accounts stay as they are until all lines are queued.
SELECT syncd.hold_accounts($1)

-- name: enqueue_many
-- The one door into the queue, in the order given; the first line that it refuses ends all of them.
SELECT w.n, e.id
  FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::text[], $6::text[], $7::timestamptz[],
              $8::timestamptz[], $9::text[], $10::text[])
       WITH ORDINALITY AS w(account, campaign, patch, expect, key, policy, not_before, expires_at, requester, reason, n),
       LATERAL syncd.enqueue(w.account, w.campaign, w.patch, w.expect, w.key, w.policy, w.not_before,
                             w.expires_at, w.requester, w.reason) e(id)
 ORDER BY w.n

-- name: enqueue_tries
-- The same for each line by itself, with the reason why not.
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

-- name: approve
-- Let a held update through.
SELECT syncd.approve($1, $2, $3, $4, $5)

-- name: approve_plan
-- Let through what a plan showed.
SELECT o.update_id, o.path, o.outcome, o.reason FROM syncd.approve_plan($1, $2, $3, $4) o

-- name: retry
-- Try an update again.
SELECT syncd.retry($1, $2, $3)

-- name: seen
-- Take note of what went wrong.
SELECT syncd.seen($1, $2)

-- name: accept
-- Let the next complete pull pass the brake.
SELECT syncd.accept($1, $2)

-- name: rename_account
-- Give an account another name; says what is to be done next.
SELECT syncd.rename_account($1, $2)

-- name: confirm_gone
-- A person says that a campaign which is out of view is gone.
SELECT syncd.confirm_gone($1, $2, $3)

-- name: price_register
-- What requests of an account cost; months begin by the clock of the zone.
INSERT INTO syncd.prices (account_id, operation, amount, currency, free_per_month, zone)
SELECT $1, d.operation, d.amount, d.currency, d.free_per_month, $2
  FROM unnest($3::text[], $4::numeric[], $5::text[], $6::bigint[]) AS d(operation, amount, currency, free_per_month)
ON CONFLICT (account_id, operation) DO UPDATE
   SET amount = excluded.amount, currency = excluded.currency, free_per_month = excluded.free_per_month,
       zone = excluded.zone

-- name: prices_forget
-- Operations that cost nothing any more.
DELETE FROM syncd.prices WHERE account_id = $1 AND operation <> ALL ($2::text[])
