-- name: run_open
-- A run begins; the lease must be ours.
INSERT INTO syncd.runs (account_id, kind, started_by, owner, epoch)
SELECT $1, $2::text::syncd.run_kind, $3, $4, $5 FROM (SELECT syncd.require_lease($1, $5, true)) lease
RETURNING id

-- name: run_close
-- A run ends, once; the books must balance.
UPDATE syncd.runs r
   SET outcome = $3::text::syncd.run_outcome, counts = $4, calls = $5, ended_at = syncd.now(),
       error_code = $6, error = $7, remedy = $8
  FROM (SELECT syncd.require_lease($1, $9, true)) lease
 WHERE r.account_id = $1 AND r.id = $2 AND r.outcome = 'open'

-- name: runs_interrupted
-- Runs of owners before this epoch: those processes are gone.
UPDATE syncd.runs SET outcome = 'failed', ended_at = syncd.now(), error_code = 'interrupted',
       error = 'the process ended before the run did'
 WHERE account_id = $1 AND outcome = 'open' AND epoch < $2

-- name: account_failed
-- The account does not work: since when, why, and what to do.
UPDATE syncd.accounts SET failures = failures + 1, failing_since = coalesce(failing_since, syncd.now()),
       error_code = $2, error = $3, remedy = $4 WHERE id = $1

-- name: account_works
-- The account works again. Quiet when it did before.
UPDATE syncd.accounts SET failures = 0, failing_since = NULL, error_code = NULL, error = NULL, remedy = NULL
 WHERE id = $1 AND failing_since IS NOT NULL

-- name: account_troubled
-- Why the last run of a kind did not do all that it should, as long as none did. Quiet when nothing moves.
UPDATE syncd.accounts a
   SET troubles = CASE WHEN r.outcome = 'ok' THEN a.troubles - r.kind::text
                  ELSE a.troubles || jsonb_build_object(r.kind::text, jsonb_build_object(
                       'code', r.error_code, 'error', r.error, 'remedy', r.remedy, 'at', coalesce(
                       CASE WHEN a.troubles #>> ARRAY[r.kind::text, 'code'] = r.error_code
                            THEN a.troubles #> ARRAY[r.kind::text, 'at'] END, to_jsonb(syncd.now())))) END
  FROM syncd.runs r
 WHERE a.id = $1 AND r.account_id = a.id AND r.id = $2
   AND (r.outcome IN ('partial', 'braked') OR (r.outcome = 'ok' AND a.troubles ? r.kind::text))

-- name: account_freeze
-- The provider asked to wait; whoever owns the account next reads it.
UPDATE syncd.accounts SET frozen_until = syncd.now() + make_interval(secs => $2), frozen_reason = $3
 WHERE id = $1

-- name: account_frozen
-- How long the account is still frozen, in seconds.
SELECT greatest(extract(epoch FROM a.frozen_until - syncd.now()), 0)::float8, a.frozen_reason
  FROM syncd.accounts a WHERE a.id = $1 AND a.frozen_until > syncd.now()

-- name: account_lowered
-- The provider announced less than is declared; every owner believes it for a day.
UPDATE syncd.accounts SET lowered_limit = $2::float8, lowered_until = syncd.now() + interval '1 day' WHERE id = $1

-- name: account_lowered_to
-- What an owner before us was told, as long as it holds.
SELECT a.lowered_limit::float8 FROM syncd.accounts a WHERE a.id = $1 AND a.lowered_until > syncd.now()

-- name: usage_add
-- Requests by operation since the last call.
INSERT INTO syncd.request_usage (account_id, operation, hour, requests)
SELECT $1, d.operation, date_trunc('hour', syncd.now(), 'UTC'), d.requests
  FROM unnest($2::text[], $3::bigint[]) AS d(operation, requests)
ON CONFLICT (account_id, operation, hour) DO UPDATE SET requests = request_usage.requests + excluded.requests

-- name: lease_read
-- Who holds it, and whether that has run out.
SELECT l.owner, l.epoch, l.expires_at <= clock_timestamp() AS is_expired,
       greatest(extract(epoch FROM l.expires_at - clock_timestamp()), 0)::float8 AS seconds_left
  FROM syncd.leases l WHERE l.account_id = $1

-- name: lease_take
-- Take a lease that is free, has run out, belongs to an owner known to be dead, or is our own of an epoch that
-- we have left and could not give back.
UPDATE syncd.leases l
   SET owner = $2, epoch = l.epoch + 1, expires_at = clock_timestamp() + make_interval(secs => $3)
 WHERE l.account_id = $1 AND (l.owner IS NULL OR l.expires_at <= clock_timestamp() OR l.owner = $4
                              OR (l.owner = $2 AND l.epoch = $5))
RETURNING l.epoch

-- name: lease_renew
-- Only the present owner, and only before it ran out.
UPDATE syncd.leases l SET expires_at = clock_timestamp() + make_interval(secs => $3)
 WHERE l.account_id = $1 AND l.epoch = $2 AND l.owner IS NOT NULL AND l.expires_at > clock_timestamp()
RETURNING l.epoch

-- name: lease_release
-- A clean end.
UPDATE syncd.leases l SET owner = NULL, expires_at = 'epoch'
 WHERE l.account_id = $1 AND l.epoch = $2 AND l.owner IS NOT NULL
