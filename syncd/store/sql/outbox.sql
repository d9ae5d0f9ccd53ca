-- name: outbox_expire
-- Queued and held updates whose time has passed; nothing was sent of them.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true)),
late AS (
    SELECT u.account_id, u.id FROM syncd.updates u, lease
     WHERE u.account_id = $1 AND u.state IN ('queued', 'held') AND u.expires_at <= (SELECT syncd.now())
     FOR UPDATE OF u)
UPDATE syncd.updates u
   SET state = 'expired', settled_at = syncd.now(), reason_code = 'expired',
       reason = 'its time passed before it was sent'
  FROM late WHERE u.account_id = late.account_id AND u.id = late.id
RETURNING u.id

-- name: outbox_due
-- All due updates of the first campaigns in the queue. Campaigns with an unanswered write wait, and so do
-- updates of campaigns that nobody has seen until the account's first complete pull.
WITH due AS (
    SELECT u.* FROM syncd.updates u JOIN syncd.accounts a ON a.id = u.account_id
     WHERE u.account_id = $1 AND u.state = 'queued' AND u.due_at <= (SELECT syncd.now())
       AND (a.complete_at IS NOT NULL OR EXISTS (
            SELECT FROM syncd.campaigns k
             WHERE k.account_id = u.account_id AND k.external_id = u.external_id))
       AND u.external_id <> ALL ($3::text[])
       AND NOT EXISTS (SELECT FROM syncd.updates o
                        WHERE o.account_id = u.account_id AND o.external_id = u.external_id
                          AND o.state IN ('sending', 'unknown'))),
first AS (
    SELECT external_id FROM due GROUP BY external_id ORDER BY min(due_at), min(id) LIMIT $2)
SELECT d.id, d.external_id, d.patch, d.reference, d.requester, c.name, c.currency, c."values", c.external_id IS NOT NULL AS is_known,
       (SELECT jsonb_object_agg(p.path, p.value) FROM (
            SELECT DISTINCT ON (e.key) e.key AS path, e.value
              FROM syncd.updates o, jsonb_each_text(o.patch) e
             WHERE o.account_id = d.account_id AND o.external_id = d.external_id AND o.state = 'applied'
               AND d.patch ? e.key AND o.results #>> ARRAY[e.key, 'outcome'] = 'applied'
               AND (o.settled_at >= d.created_at OR o.confirmation <> 'confirmed')
             ORDER BY e.key, o.settled_at DESC, o.id DESC) p) AS ours,
       -- Only what the last applied one of a path put there can still be awaited.
       (SELECT jsonb_agg(p.path) FROM (
            SELECT DISTINCT ON (e.key) e.key AS path, o.confirmation
              FROM syncd.updates o, jsonb_object_keys(o.patch) e(key)
             WHERE o.account_id = d.account_id AND o.external_id = d.external_id AND o.state = 'applied'
               AND d.patch ? e.key
             ORDER BY e.key, o.settled_at DESC, o.id DESC) p
         WHERE p.confirmation = 'pending') AS awaited
  FROM due d JOIN first USING (external_id)
  LEFT JOIN syncd.campaigns c ON c.account_id = d.account_id AND c.external_id = d.external_id
 ORDER BY d.due_at, d.id

-- name: outbox_decide
-- Settle updates that need no call: already set, rejected, held, superseded. Only queued ones move.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true)),
decided AS (
    SELECT * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[])
        AS d(id, state, code, message, results, superseded_by))
UPDATE syncd.updates u
   SET state = d.state::syncd.update_state, reason_code = d.code, reason = d.message, results = d.results,
       settled_at = CASE WHEN d.state <> 'held' THEN syncd.now() END, superseded_by = d.superseded_by,
       confirmation = CASE WHEN d.state = 'applied' THEN 'confirmed'::syncd.confirmation ELSE 'none' END,
       confirmed_at = CASE WHEN d.state = 'applied' THEN syncd.now() END
  FROM decided d, lease
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'queued'
RETURNING u.id

-- name: outbox_states
-- Where these updates stand.
SELECT u.id, u.state::text FROM syncd.updates u WHERE u.account_id = $1 AND u.id = ANY ($2::bigint[])

-- name: outbox_next_id
-- The key of a batch, known to us before the batch is written.
SELECT nextval('syncd.ids')

-- name: intent_lease
-- The lease cannot change hands until this transaction ends.
SELECT syncd.require_lease($1, $2, true)

-- name: intent_gate
-- What may still say no: the pause of the account. Locks are taken in one order everywhere: campaigns by
-- id, then the account, then updates.
SELECT a.paused_at IS NOT NULL AS is_paused, coalesce(a.paused_by, 'somebody') AS paused_by
  FROM syncd.accounts a WHERE a.id = $1 FOR NO KEY UPDATE

-- name: intent_campaigns
-- Touch the campaigns in id order: a pull that applies right now holds these locks, and a page that left
-- before this batch leaves them alone.
WITH touched AS (
    SELECT c.account_id, c.external_id FROM syncd.campaigns c
     WHERE c.account_id = $1 AND c.external_id = ANY ($2::text[]) ORDER BY c.external_id FOR UPDATE)
UPDATE syncd.campaigns c SET last_batch = $3 FROM touched t
 WHERE c.account_id = t.account_id AND c.external_id = t.external_id

-- name: intent_batch
-- The intent itself, and the account's last batch number.
WITH noted AS (UPDATE syncd.accounts SET last_batch = greatest(last_batch, $2) WHERE id = $1)
INSERT INTO syncd.batches (account_id, id, run_id, operation, items, body_sha256, epoch, sent_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, syncd.now())

-- name: intent_updates
-- Those that go out. Fewer rows than asked for: one was cancelled meanwhile, and the intent is given up.
UPDATE syncd.updates u
   SET state = 'sending', batch_id = $2, reason_code = NULL, reason = NULL, results = d.results
  FROM unnest($3::bigint[], $4::jsonb[]) AS d(id, results)
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'queued'
   AND (u.expires_at IS NULL OR u.expires_at > (SELECT syncd.now()))
RETURNING u.id

-- name: intent_superseded
-- Those that a newer update of this very batch replaces.
UPDATE syncd.updates u
   SET state = 'superseded', settled_at = syncd.now(), superseded_by = d.winner, results = d.results,
       reason_code = 'superseded', reason = 'by update ' || d.winner
  FROM unnest($2::bigint[], $3::bigint[], $4::jsonb[]) AS d(id, winner, results)
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'queued'

-- name: intent_attempts
-- One attempt for each update in the batch.
INSERT INTO syncd.attempts (account_id, batch_id, update_id, external_id, sent, remote)
SELECT $1, $2, d.id, d.external_id, d.sent, d.remote
  FROM unnest($3::bigint[], $4::text[], $5::jsonb[], $6::jsonb[]) AS d(id, external_id, sent, remote)

-- name: intent_usage
-- The write is counted with its intent.
INSERT INTO syncd.request_usage (account_id, operation, hour, requests)
VALUES ($1, $2, date_trunc('hour', syncd.now()), 1)
ON CONFLICT (account_id, operation, hour) DO UPDATE SET requests = request_usage.requests + 1

-- name: intent_found
-- After a commit whose reply was lost: whether it happened.
SELECT EXISTS (SELECT FROM syncd.batches WHERE account_id = $1 AND id = $2)

-- name: settle_batch
-- What came back for the call.
UPDATE syncd.batches b SET answered_at = syncd.now(), http_status = $3, whole = $4, message = $5
  FROM (SELECT syncd.require_lease($1, $6, true)) lease
 WHERE b.account_id = $1 AND b.id = $2 AND b.answered_at IS NULL

-- name: settle_attempts
-- What came back for each item. A settled attempt is final.
UPDATE syncd.attempts t
   SET outcome = d.outcome, code = d.code, message = d.message, trace_id = d.trace_id, warnings = d.warnings::jsonb
  FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
       AS d(id, outcome, code, message, trace_id, warnings)
 WHERE t.account_id = $1 AND t.batch_id = $2 AND t.update_id = d.id AND t.outcome IS NULL

-- name: settle_updates
-- The updates follow; only those that still belong to this batch, so that a late writer revives nothing.
UPDATE syncd.updates u
   SET state = d.state::syncd.update_state, results = u.results || d.results, reason_code = d.code, reason = d.message,
       settled_at = CASE WHEN d.state IN ('applied', 'rejected') THEN syncd.now() END,
       confirmation = d.confirmation::syncd.confirmation,
       read_after = CASE WHEN d.state = 'unknown' THEN syncd.now() + a.settle END
  FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[])
       AS d(id, state, code, message, results, confirmation), syncd.accounts a
 WHERE u.account_id = $1 AND a.id = $1 AND u.id = d.id AND u.batch_id = $2 AND u.state = 'sending'
RETURNING u.id, u.state::text

-- name: confirm
-- What a read says of applied values; of the ids in $5 it says nothing. `different` only in a read that began after the settle time; a value
-- accepted for later stays pending until it shows. A later write of the same path decides for itself.
WITH read AS (
    SELECT u.id, c.read_at,
           (SELECT bool_and(c."values" ->> e.key IS NOT DISTINCT FROM e.value)
              FROM jsonb_each_text(u.patch) e
             WHERE u.results #>> ARRAY[e.key, 'outcome'] = 'applied') AS shows
      FROM syncd.updates u
      JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id
     WHERE u.account_id = $1 AND u.state = 'applied' AND u.confirmation <> 'confirmed'
       AND ($2::text[] IS NULL OR u.external_id = ANY ($2)) AND u.external_id <> ALL ($5::text[])
       AND c.missing_since IS NULL
       AND u.batch_id <= $3
       AND NOT EXISTS (SELECT FROM syncd.updates o
                        WHERE o.account_id = u.account_id AND o.external_id = u.external_id
                          AND o.batch_id > u.batch_id AND o.state IN ('sending', 'unknown', 'applied')
                          AND o.patch ?| ARRAY(SELECT jsonb_object_keys(u.patch))))
UPDATE syncd.updates u
   SET confirmation = CASE WHEN r.shows THEN 'confirmed'::syncd.confirmation ELSE 'different' END,
       confirmed_at = CASE WHEN r.shows THEN syncd.now() END
  FROM read r, syncd.accounts a
 WHERE u.account_id = $1 AND a.id = $1 AND u.id = r.id
   AND (r.shows OR (u.confirmation = 'none' AND $4 >= u.settled_at + a.settle))
RETURNING u.id, u.confirmation::text

-- name: confirm_overtaken
-- A value that was accepted for later and that a newer write of the same path has replaced since is not
-- awaited any more; whether it ever showed, nobody saw.
UPDATE syncd.updates u SET confirmation = 'none'
 WHERE u.account_id = $1 AND u.state = 'applied' AND u.confirmation = 'pending'
   AND ($2::text[] IS NULL OR u.external_id = ANY ($2))
   AND EXISTS (SELECT FROM syncd.updates o
                WHERE o.account_id = u.account_id AND o.external_id = u.external_id AND o.state = 'applied'
                  AND (o.settled_at, o.id) > (u.settled_at, u.id)
                  AND o.patch ?& ARRAY(SELECT jsonb_object_keys(u.patch)))

-- name: orphans
-- Attempts of an owner that is gone: nobody will answer them any more. Their settle time begins now, because
-- the last byte may have left as late as that.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true))
UPDATE syncd.updates u
   SET state = 'unknown', read_after = syncd.now() + a.settle, reason_code = 'interrupted',
       reason = 'the process that sent it ended before the answer was recorded'
  FROM syncd.accounts a, lease WHERE a.id = $1 AND u.account_id = $1 AND u.state = 'sending'
RETURNING u.id

-- name: orphan_attempts
-- The same for their attempts.
UPDATE syncd.attempts t SET outcome = 'unknown', code = 'interrupted',
       message = 'the process that sent it ended before the answer was recorded'
 WHERE t.account_id = $1 AND t.outcome IS NULL AND t.update_id = ANY ($2::bigint[])

-- name: unknown_updates
-- Updates without a known outcome, with what their last attempt sent and what stood there before it.
SELECT u.id, u.external_id, u.patch, u.results, u.repeats, t.sent, t.remote, u.read_after,
       u.read_after <= (SELECT syncd.now()) AS is_due,
       greatest(extract(epoch FROM u.read_after - (SELECT syncd.now())), 0)::float8 AS seconds_left,
       u.expires_at <= (SELECT syncd.now()) AS is_late
  FROM syncd.updates u
  JOIN syncd.attempts t ON t.account_id = u.account_id AND t.batch_id = u.batch_id AND t.update_id = u.id
 WHERE u.account_id = $1 AND u.state = 'unknown' ORDER BY u.id

-- name: unknown_resolve
-- What a read decided: applied as it shows, queued once more, held for a person, or expired.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true)),
decided AS (
    SELECT * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
        AS d(id, state, code, message, results))
UPDATE syncd.updates u
   SET state = d.state::syncd.update_state, reason_code = d.code, reason = d.message,
       results = u.results || d.results, read_after = NULL,
       repeats = u.repeats + (d.state = 'queued')::int,
       settled_at = CASE WHEN d.state IN ('applied', 'expired') THEN syncd.now() END
  FROM decided d, lease
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'unknown'
RETURNING u.id
