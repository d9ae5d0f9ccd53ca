-- name: outbox_expire
-- Queued and held updates whose time has passed; of their open part nothing was sent, or a read says that it was not
-- applied.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true)),
late AS (
    SELECT u.account_id, u.id FROM syncd.updates u, lease
     WHERE u.account_id = $1 AND u.state IN ('queued', 'held') AND u.expires_at <= (SELECT syncd.now())
       AND NOT syncd.is_unresolved(u)
     FOR UPDATE OF u)
UPDATE syncd.updates u
   SET state = 'expired', settled_at = syncd.now(), reason_code = 'expired',
       reason = CASE WHEN u.reason_code IN ('not_applied', 'attempts_spent')
                     THEN 'its time has passed; what was sent was not applied'
                     ELSE 'its time passed before it was sent' END || syncd.already_applied(u.results)
  FROM late WHERE u.account_id = late.account_id AND u.id = late.id
RETURNING u.id

-- name: outbox_due
-- All due updates of the first campaigns in the queue, each with the part that has no final result yet. Campaigns
-- with an unanswered write wait, and so do updates of campaigns that nobody has seen, and creates, until the
-- account's first complete pull. A create is a campaign of its own, under a placeholder ($4, then its number). With
-- $5 only these updates, and of no campaign where an older one of the same path would then be sent after them. With $6
-- also what is held for a cause that is gone, with $7 all that is held.
WITH due AS (
    SELECT u.*, coalesce(u.external_id, $4::text || u.id) AS place, a.complete_at, a.currency,
           $5::bigint[] IS NULL OR u.id = ANY ($5) AS is_chosen
      FROM (SELECT q.* FROM syncd.updates q WHERE q.account_id = $1 AND q.state = 'queued'
             UNION ALL
            SELECT h.* FROM syncd.updates h JOIN syncd.accounts b ON b.id = h.account_id
             WHERE ($6 OR $7) AND h.account_id = $1 AND h.state = 'held' AND ($7 OR syncd.is_releasable(h, b))) u
      JOIN syncd.accounts a ON a.id = u.account_id
     WHERE u.due_at <= (SELECT syncd.now())
       AND (a.complete_at IS NOT NULL OR EXISTS (
            SELECT FROM syncd.campaigns k
             WHERE k.account_id = u.account_id AND k.external_id = u.external_id))
       AND coalesce(u.external_id, $4::text || u.id) <> ALL ($3::text[])
       AND NOT EXISTS (SELECT FROM syncd.updates o
                        WHERE o.account_id = u.account_id AND o.external_id = u.external_id
                          AND o.state IN ('sending', 'unknown'))),
left_behind AS (
    SELECT DISTINCT place FROM due n JOIN due o USING (place)
     WHERE n.is_chosen AND NOT o.is_chosen AND (o.due_at, o.id) < (n.due_at, n.id)
       AND EXISTS (SELECT FROM jsonb_object_keys(syncd.open_part(o.patch, o.results)) k(path)
                    WHERE n.patch ? k.path)),
first AS (
    SELECT c.place FROM due c
     WHERE c.is_chosen AND c.place NOT IN (SELECT place FROM left_behind)
     GROUP BY c.place ORDER BY min(c.due_at), min(c.id) LIMIT $2)
SELECT d.id, d.place AS external_id, syncd.open_part(d.patch, d.results) AS patch, d.reference, d.requester,
       coalesce(c.name, CASE WHEN d.is_create THEN d.patch ->> 'name' END) AS name,
       CASE WHEN c.external_id IS NULL AND d.is_create THEN d.currency ELSE c.currency END AS currency,
       c.external_id IS NOT NULL AS is_known, d.external_id IS NULL AS is_create, d.policy, p.ours, p.awaited, n.overtaken,
       ARRAY(SELECT h.digest FROM syncd.approvals v, unnest(v.covers) h(digest)
              WHERE v.account_id = d.account_id AND v.update_id = d.id AND v.expires_at > (SELECT syncd.now())) AS approved
  FROM due d JOIN first USING (place)
  LEFT JOIN syncd.campaigns c ON c.account_id = d.account_id AND c.external_id = d.external_id
  CROSS JOIN LATERAL (
       -- What our own last write of a path put there: ours is what this requester could not know of yet, awaited
       -- what was accepted for later and does not show, with what stood there before it was sent.
       SELECT jsonb_object_agg(l.path, l.value) FILTER (
                  WHERE l.at >= d.created_at OR CASE WHEN l.state = 'applied' THEN l.confirmation <> 'confirmed'
                                                     ELSE l.at > coalesce(d.complete_at, '-infinity') END) AS ours,
              jsonb_object_agg(l.path, (
                  SELECT t.remote -> l.path FROM syncd.attempts t
                   WHERE t.account_id = d.account_id AND t.update_id = l.id AND t.sent ? l.path AND t.outcome = 'applied'
                   ORDER BY t.batch_id DESC LIMIT 1)) FILTER (WHERE l.confirmation = 'pending') AS awaited
         FROM (SELECT DISTINCT ON (e.key) e.key AS path, e.value, o.id, o.state, o.confirmation,
                      syncd.result_at(o, e.key) AS at
                 FROM syncd.updates o, jsonb_each(o.patch) e
                WHERE o.account_id = d.account_id AND o.external_id = d.external_id
                  AND d.patch ? e.key AND o.results #>> ARRAY[e.key, 'outcome'] = 'applied'
                ORDER BY e.key, syncd.result_at(o, e.key) DESC, o.id DESC) l) p
  CROSS JOIN LATERAL (
       -- What was held while a later update of the same path went out is never sent after that one.
       SELECT jsonb_object_agg(l.path, l.id) AS overtaken
         FROM (SELECT DISTINCT ON (e.path) e.path, o.id
                 FROM syncd.updates o, jsonb_object_keys(o.patch) e(path)
                WHERE o.account_id = d.account_id AND o.external_id = d.external_id
                  AND (o.due_at, o.id) > (d.due_at, d.id)
                  AND d.patch ? e.path AND o.results #>> ARRAY[e.path, 'outcome'] = 'applied'
                ORDER BY e.path, o.due_at DESC, o.id DESC) l) n
 WHERE d.is_chosen
 ORDER BY d.due_at, d.id

-- name: outbox_decide
-- Settle updates that need no call: already set, rejected, held, superseded. Only queued ones move. One of which a
-- part was rejected before cannot end any better, nor one of which a part was taken over; and what a call did before
-- is still to be confirmed by a read. What somebody let through while the plan was made is not held.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true)),
decided AS (
    SELECT d.*, e.state AS ends, e.state = 'applied' AND syncd.already_applied(u.results) = '' AS is_shown,
           coalesce(d.superseded_by, syncd.winner(u.results)) AS winner,
           e.state = 'superseded' AND d.state = 'applied' AS is_overtaken
      FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[], $9::jsonb[], $10::jsonb[])
           AS d(id, state, code, message, results, superseded_by, holds, merged)
      JOIN syncd.updates u ON u.account_id = $1 AND u.id = d.id
      CROSS JOIN LATERAL (SELECT CASE
           WHEN d.state NOT IN ('applied', 'superseded') THEN d.state
           WHEN jsonb_path_exists(u.results, '$.*.outcome ? (@ == "rejected")') THEN 'rejected'
           WHEN syncd.is_replaced(u.results) THEN 'superseded' ELSE d.state END) e(state))
UPDATE syncd.updates u
   SET state = d.ends::syncd.update_state,
       reason_code = CASE WHEN d.is_overtaken THEN syncd.superseded_code(d.winner) ELSE d.code END,
       reason = CASE WHEN d.is_overtaken THEN 'in part, ' || syncd.superseded_words(d.winner) ELSE d.message END,
       results = u.results || syncd.stamped(d.results, syncd.now()),
       settled_at = CASE WHEN d.ends <> 'held' THEN syncd.now() END,
       superseded_by = CASE WHEN d.ends = 'superseded' THEN d.winner END,
       confirmation = CASE WHEN d.is_shown THEN 'confirmed'::syncd.confirmation ELSE 'none' END,
       confirmed_at = CASE WHEN d.is_shown THEN syncd.now() END,
       holds = CASE WHEN d.ends = 'held' THEN d.holds END,
       merged = d.merged || jsonb_build_object('at', syncd.now())
  FROM decided d, lease
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'queued'
   AND NOT (d.ends = 'held' AND syncd.is_let_through($1, u.id, d.holds))
RETURNING u.id

-- name: outbox_release
-- Back into the queue: held for a cause that is gone, such as another dialect or an unknown currency.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true)),
gone AS (
    SELECT u.id FROM syncd.updates u JOIN syncd.accounts a ON a.id = u.account_id, lease
     WHERE u.account_id = $1 AND u.state = 'held' AND syncd.is_releasable(u, a)
       FOR UPDATE OF u)
UPDATE syncd.updates u SET state = 'queued', reason_code = NULL, reason = NULL
  FROM gone WHERE u.account_id = $1 AND u.id = gone.id AND u.state = 'held'
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

-- name: outbox_gate
-- The same for a call that was intended a while ago and has not left yet: nothing is locked.
SELECT a.paused_at IS NOT NULL AS is_paused, coalesce(a.paused_by, 'somebody') AS paused_by
  FROM syncd.accounts a WHERE a.id = $1

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
INSERT INTO syncd.batches (account_id, id, run_id, operation, items, body_sha256, epoch, sent_at, request)
VALUES ($1, $2, $3, $4, $5, $6, $7, syncd.now(), $8)

-- name: intent_approvals
-- Of the hits that this call relies on approvals for, those of which none holds any more.
SELECT d.update_id FROM unnest($2::bigint[], $3::text[]) AS d(update_id, digest)
 WHERE NOT EXISTS (SELECT FROM syncd.approvals v
                    WHERE v.account_id = $1 AND v.update_id = d.update_id AND d.digest = ANY (v.covers)
                      AND v.expires_at > (SELECT syncd.now()))

-- name: intent_updates
-- Those that go out. Fewer rows than asked for: one was cancelled meanwhile, and the intent is given up.
UPDATE syncd.updates u
   SET state = 'sending', batch_id = $2, reason_code = NULL, reason = NULL,
       results = u.results || syncd.stamped(d.results, syncd.now()), merged = d.merged || jsonb_build_object('at', syncd.now())
  FROM unnest($3::bigint[], $4::jsonb[], $5::jsonb[]) AS d(id, results, merged)
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'queued'
   AND (u.expires_at IS NULL OR u.expires_at > (SELECT syncd.now()))
RETURNING u.id

-- name: intent_superseded
-- Those of which nothing is left to send: a newer update of this very batch replaces the rest.
UPDATE syncd.updates u
   SET state = 'superseded', settled_at = syncd.now(), superseded_by = d.winner,
       results = u.results || syncd.stamped(d.results, syncd.now()),
       reason_code = syncd.superseded_code(d.winner),
       reason = syncd.superseded_words(d.winner) || syncd.already_applied(u.results),
       merged = d.merged || jsonb_build_object('at', syncd.now())
  FROM unnest($2::bigint[], $3::bigint[], $4::jsonb[], $5::jsonb[]) AS d(id, winner, results, merged)
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'queued'

-- name: intent_waiting
-- Those that lose a path to a newer update of this very batch and keep others for another call.
UPDATE syncd.updates u
   SET results = u.results || syncd.stamped(d.results, syncd.now()), merged = d.merged || jsonb_build_object('at', syncd.now())
  FROM unnest($2::bigint[], $3::jsonb[], $4::jsonb[]) AS d(id, results, merged)
 WHERE u.account_id = $1 AND u.id = d.id AND u.state = 'queued'

-- name: intent_attempts
-- One attempt for each update in the batch.
INSERT INTO syncd.attempts (account_id, batch_id, update_id, external_id, sent, remote)
SELECT $1, $2, d.id, d.external_id, d.sent, d.remote
  FROM unnest($3::bigint[], $4::text[], $5::jsonb[], $6::jsonb[]) AS d(id, external_id, sent, remote)

-- name: intent_usage
-- The write is counted with its intent.
INSERT INTO syncd.request_usage (account_id, operation, hour, requests)
VALUES ($1, $2, date_trunc('hour', syncd.now(), 'UTC'), 1)
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

-- name: account_hold
-- One after the other: whoever else holds the account has ended when this returns.
SELECT FROM syncd.accounts a WHERE a.id = $1 FOR NO KEY UPDATE

-- name: settle_updates
-- The updates follow; only those that still belong to this batch, so that a late writer revives nothing. A created
-- id that another create has, or a campaign that was known before, contradicts itself: nobody knows what this one made.
WITH told AS (
    SELECT d.*, d.created_id IS NOT NULL AND (EXISTS (
               SELECT FROM syncd.updates o WHERE o.account_id = $1 AND o.is_create AND o.id <> d.id
                  AND o.external_id = d.created_id) OR EXISTS (
               SELECT FROM syncd.campaigns c JOIN syncd.batches b ON b.account_id = c.account_id AND b.id = $2
                WHERE c.account_id = $1 AND c.external_id = d.created_id AND c.first_seen_at <= b.sent_at)) AS is_taken
      FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[], $9::text[],
                  $10::float8[]) AS d(id, state, code, message, results, confirmation, created_id, settle)),
settled AS (
    SELECT t.id, t.confirmation, t.settle, CASE WHEN NOT t.is_taken THEN t.created_id END AS created_id,
           CASE WHEN t.is_taken THEN 'unknown' ELSE t.state END AS state,
           CASE WHEN t.is_taken THEN 'created_id_taken' ELSE t.code END AS code,
           CASE WHEN t.is_taken THEN format('the provider says that it made campaign %s, which was there before, or is another '
                                            'update''s', t.created_id) ELSE t.message END AS message,
           CASE WHEN t.is_taken THEN '{}' ELSE t.results END AS results
      FROM told t)
UPDATE syncd.updates u
   SET state = CASE WHEN d.state = 'applied' AND syncd.is_replaced(u.results) THEN 'queued' ELSE d.state END
               ::syncd.update_state, reason_code = d.code, reason = d.message,
       results = u.results || syncd.stamped(d.results, syncd.now()),
       settled_at = CASE WHEN d.state = 'rejected' OR (d.state = 'applied' AND NOT syncd.is_replaced(u.results))
                         THEN syncd.now() END,
       confirmation = CASE WHEN d.state = 'applied' AND NOT syncd.is_replaced(u.results) THEN d.confirmation
                           ELSE 'none' END::syncd.confirmation,
       settle = make_interval(secs => d.settle), searches = 0,
       read_after = CASE WHEN d.state = 'unknown'
                         THEN syncd.now() + greatest(a.settle, make_interval(secs => d.settle)) END,
       external_id = CASE WHEN u.is_create THEN coalesce(u.external_id, d.created_id) ELSE u.external_id END
  FROM settled d, syncd.accounts a
 WHERE u.account_id = $1 AND a.id = $1 AND u.id = d.id AND u.batch_id = $2 AND u.state = 'sending'
RETURNING u.id, u.state::text

-- name: settle_replaced
-- An update of which a part was taken over, and all else is done, ends as superseded: by way of the queue, because
-- nothing that was sent goes there at once.
WITH done AS (
    SELECT u.id, syncd.winner(u.results) AS winner
      FROM syncd.updates u
     WHERE u.account_id = $1 AND u.id = ANY ($2::bigint[]) AND u.state = 'queued'
       AND syncd.is_replaced(u.results) AND syncd.open_part(u.patch, u.results) = '{}')
UPDATE syncd.updates u
   SET state = 'superseded', settled_at = syncd.now(), superseded_by = d.winner,
       reason_code = syncd.superseded_code(d.winner),
       reason = 'in part, ' || syncd.superseded_words(d.winner) || syncd.already_applied(u.results)
  FROM done d WHERE u.account_id = $1 AND u.id = d.id
RETURNING u.id, u.state::text

-- name: confirm
-- What a read says of applied values; of the ids in $5 it says nothing. `different` only in a read that began after
-- the settle time; a value accepted for later stays pending until it shows. A later write of the same path decides
-- for itself, and of what the provider does not show at all no read says anything, nor of one key of a list that it
-- does not show, nor that what it leaves out is null. A delete shows in that the campaign is marked as gone, or that a
-- complete listing misses it.
WITH read AS (
    SELECT u.id,
           (SELECT bool_and(c."values" ->> e.key IS NOT DISTINCT FROM e.value
                            OR coalesce(c.missing_why = 'absent', false))
              FROM jsonb_each_text(u.patch) e, LATERAL syncd.field_of(a.provider, a.dialect, e.key) f
             WHERE u.results #>> ARRAY[e.key, 'outcome'] = 'applied'
               AND (e.key = 'deleted' OR coalesce(f.is_readable, true))
               AND (c."values" ? e.key OR CASE WHEN right(f.path, 2) = '.*' THEN c."values" ? left(f.path, -2)
                                               ELSE e.value IS NOT NULL END)) AS shows
      FROM syncd.updates u
      JOIN syncd.accounts a ON a.id = u.account_id
      JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id
     WHERE u.account_id = $1 AND u.state = 'applied' AND u.confirmation <> 'confirmed'
       AND ($2::text[] IS NULL OR u.external_id = ANY ($2)) AND u.external_id <> ALL ($5::text[])
       AND (c.missing_since IS NULL OR (u.patch ? 'deleted' AND c.missing_why = 'absent'))
       AND u.batch_id <= $3
       AND NOT EXISTS (SELECT FROM syncd.updates o, jsonb_object_keys(o.patch) k(path)
                        WHERE o.account_id = u.account_id AND o.external_id = u.external_id
                          AND o.batch_id > u.batch_id AND u.patch ? k.path
                          AND (o.state IN ('sending', 'unknown')
                               OR o.results #>> ARRAY[k.path, 'outcome'] = 'applied')))
UPDATE syncd.updates u
   SET confirmation = CASE WHEN r.shows THEN 'confirmed'::syncd.confirmation ELSE 'different' END,
       confirmed_at = CASE WHEN r.shows THEN syncd.now() END
  FROM read r, syncd.accounts a
 WHERE u.account_id = $1 AND a.id = $1 AND u.id = r.id AND r.shows IS NOT NULL
   AND (r.shows OR (u.confirmation = 'none' AND $4 >= u.settled_at + greatest(a.settle, u.settle)))

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
-- the last byte may have left as late as that; some operations ($3) need more than the account's.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true))
UPDATE syncd.updates u
   SET state = 'unknown', reason_code = 'interrupted',
       reason = 'the process that sent it ended before the answer was recorded',
       settle = own.settle, searches = 0, read_after = syncd.now() + greatest(a.settle, own.settle)
  FROM syncd.accounts a, lease, syncd.batches b,
       LATERAL (SELECT make_interval(secs => ($3::jsonb ->> b.operation)::float8)) own(settle)
 WHERE a.id = $1 AND u.account_id = $1 AND u.state = 'sending' AND b.account_id = $1 AND b.id = u.batch_id
RETURNING u.id

-- name: orphan_attempts
-- The same for their attempts.
UPDATE syncd.attempts t SET outcome = 'unknown', code = 'interrupted',
       message = 'the process that sent it ended before the answer was recorded'
 WHERE t.account_id = $1 AND t.outcome IS NULL AND t.update_id = ANY ($2::bigint[])

-- name: unknown_updates
-- Updates without a known outcome, with what their last attempt sent and what stood there before it; a create under
-- its placeholder ($2, then its number).
SELECT u.id, coalesce(u.external_id, $2::text || u.id) AS external_id, u.external_id IS NULL AS is_create,
       u.repeats, u.searches, t.sent, t.remote,
       syncd.open_part(u.patch, u.results) - ARRAY(SELECT jsonb_object_keys(t.sent)) <> '{}' AS has_more,
       u.read_after <= (SELECT syncd.now()) AS is_due,
       greatest(extract(epoch FROM u.read_after - (SELECT syncd.now())), 0)::float8 AS seconds_left,
       u.expires_at <= (SELECT syncd.now()) AS is_late
  FROM syncd.updates u
  JOIN syncd.attempts t ON t.account_id = u.account_id AND t.batch_id = u.batch_id AND t.update_id = u.id
 WHERE u.account_id = $1 AND u.state = 'unknown' ORDER BY u.id

-- name: unknown_resolve
-- What a read decided: applied as it shows, queued once more, held for a person, or expired. One campaign has one
-- maker: of two creates that seem to have made the same, the second is held. What stays unknown is looked for again
-- after twice, then four times the settle time.
WITH lease AS MATERIALIZED (SELECT syncd.require_lease($1, $2, true)),
decided AS (
    SELECT d.*, coalesce(
               (SELECT o.id FROM syncd.updates o
                 WHERE o.account_id = $1 AND o.is_create AND o.external_id = d.created_id AND o.id <> d.id),
               CASE WHEN d.created_id IS NOT NULL
                    THEN nullif(first_value(d.id) OVER (PARTITION BY d.created_id ORDER BY d.n), d.id) END) AS maker
      FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::boolean[], $9::text[])
           WITH ORDINALITY AS d(id, state, code, message, results, is_repeat, created_id, n)),
ends AS (
    SELECT d.id, d.is_repeat, CASE WHEN d.maker IS NULL THEN d.created_id END AS created_id,
           CASE WHEN d.maker IS NULL THEN d.state ELSE 'held' END AS state,
           CASE WHEN d.maker IS NULL THEN d.code ELSE 'create_unresolved' END AS code,
           CASE WHEN d.maker IS NULL THEN d.message ELSE format(
                'after the unanswered call the only new campaign like it is %s, which update %s made; '
                'look at the provider, then cancel this update', d.created_id, d.maker) END AS message,
           CASE WHEN d.maker IS NULL THEN d.results ELSE '{}' END AS results
      FROM decided d)
UPDATE syncd.updates u
   SET state = CASE WHEN d.state = 'applied' AND syncd.is_replaced(u.results) THEN 'queued' ELSE d.state END
               ::syncd.update_state, reason_code = d.code,
       reason = d.message || CASE WHEN d.state = 'expired' THEN syncd.already_applied(u.results) ELSE '' END,
       results = u.results || syncd.stamped(d.results, syncd.now()),
       read_after = CASE WHEN d.state = 'unknown'
                         THEN syncd.now() + greatest(a.settle, u.settle) * 2 ^ (u.searches + 1) END,
       repeats = u.repeats + d.is_repeat::int, searches = u.searches + (d.state = 'unknown')::int,
       settled_at = CASE WHEN d.state = 'expired' OR (d.state = 'applied' AND NOT syncd.is_replaced(u.results))
                         THEN syncd.now() END,
       external_id = CASE WHEN u.is_create THEN coalesce(u.external_id, d.created_id) ELSE u.external_id END
  FROM ends d, syncd.accounts a, lease
 WHERE u.account_id = $1 AND a.id = $1 AND u.id = d.id AND u.state = 'unknown'
RETURNING u.id

-- name: unknown_newcomers
-- Those of these campaigns that no read knew before this update's last call was sent, and that no other update made.
SELECT i.id FROM unnest($3::text[]) WITH ORDINALITY AS i(id, n)
 WHERE NOT EXISTS (SELECT FROM syncd.campaigns c
                     JOIN syncd.updates u ON u.account_id = c.account_id AND u.id = $2
                     JOIN syncd.batches b ON b.account_id = u.account_id AND b.id = u.batch_id
                    WHERE c.account_id = $1 AND c.external_id = i.id AND c.first_seen_at <= b.sent_at)
   AND NOT EXISTS (SELECT FROM syncd.updates o
                    WHERE o.account_id = $1 AND o.is_create AND o.external_id = i.id AND o.id <> $2)
 ORDER BY i.n
