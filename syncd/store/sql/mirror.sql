-- name: mark
-- Asked before a page's request leaves: the account's last batch number, and the time.
SELECT a.last_batch, syncd.now() AS at FROM syncd.accounts a WHERE a.id = $1

-- name: mirror_lookup
-- What the mirror has of one page.
SELECT c.external_id, c.raw_digest, c.missing_since IS NOT NULL AS is_missing, c.gone_at IS NOT NULL AS is_gone,
       c.currency, c.part
  FROM syncd.campaigns c WHERE c.account_id = $1 AND c.external_id = ANY ($2::text[])

-- name: mirror_known
-- Every campaign that is not known to be gone, for the count of the missing.
SELECT c.external_id, c.part, c.missing_since IS NOT NULL AS is_missing
  FROM syncd.campaigns c WHERE c.account_id = $1 AND c.gone_at IS NULL

-- name: apply_lock
-- Hold the campaigns that are about to change or to be marked as missing, in id order, so that no intent
-- slips in between.
SELECT c.external_id FROM syncd.campaigns c
 WHERE c.account_id = $1 AND c.external_id IN (
       SELECT s.external_id FROM syncd.staging s WHERE s.account_id = $1 AND s.run_id = $2
       UNION ALL SELECT unnest($3::text[]))
 ORDER BY c.external_id FOR NO KEY UPDATE

-- name: apply_skip
-- Leave alone what a push has touched since the page's request left, or is touching, and what was read, or said
-- by a person, later than this page.
DELETE FROM syncd.staging s USING syncd.campaigns c
 WHERE s.account_id = $1 AND s.run_id = $2 AND c.account_id = s.account_id AND c.external_id = s.external_id
   AND (c.last_batch > s.mark OR greatest(c.read_at, c.changed_at) > s.read_at OR EXISTS (
        SELECT FROM syncd.updates u WHERE u.account_id = c.account_id AND u.external_id = c.external_id
           AND u.state IN ('sending', 'unknown')))
RETURNING s.external_id

-- name: apply_counts
-- What the staged rows are, compared with the mirror before they are applied.
SELECT count(*) FILTER (WHERE c.external_id IS NULL) AS new,
       count(*) FILTER (WHERE c.fingerprint <> s.fingerprint) AS changed,
       count(*) FILTER (WHERE c.fingerprint = s.fingerprint AND c.raw_digest <> s.raw_digest) AS moved,
       count(*) FILTER (WHERE c.fingerprint = s.fingerprint AND c.raw_digest = s.raw_digest) AS unchanged
  FROM syncd.staging s
  LEFT JOIN syncd.campaigns c ON c.account_id = s.account_id AND c.external_id = s.external_id
 WHERE s.account_id = $1 AND s.run_id = $2

-- name: apply_changes
-- One row for each path that moved. It is ours when the last applied update of the path asked for just this
-- value and no read has confirmed it yet; everything else came from the provider's side.
INSERT INTO syncd.field_changes (account_id, external_id, path, old, new, origin, update_id, seen_at, run_id)
SELECT c.account_id, c.external_id, k.path, c."values" ->> k.path, n."values" ->> k.path,
       CASE WHEN o.id IS NULL THEN 'provider' ELSE 'update' END, o.id, s.read_at, $2
  FROM syncd.staging s
  JOIN syncd.campaigns c ON c.account_id = s.account_id AND c.external_id = s.external_id
  CROSS JOIN LATERAL (SELECT s."values"::jsonb AS "values") n
  CROSS JOIN LATERAL jsonb_object_keys(c."values" || n."values") AS k(path)
  LEFT JOIN LATERAL (
       SELECT u.id, u.state, u.confirmation, u.patch ->> k.path AS asked FROM syncd.updates u
        WHERE u.account_id = c.account_id AND u.external_id = c.external_id
          AND u.results #>> ARRAY[k.path, 'outcome'] = 'applied'
        ORDER BY syncd.result_at(u, k.path) DESC, u.id DESC LIMIT 1) last ON true
  LEFT JOIN LATERAL (
       SELECT last.id WHERE last.confirmation <> 'confirmed'
          AND last.asked IS NOT DISTINCT FROM n."values" ->> k.path
          -- Nothing confirms an update that was not applied as a whole: its part is told by the history itself.
          AND (last.state = 'applied' OR NOT EXISTS (
               SELECT FROM syncd.field_changes f WHERE f.account_id = c.account_id AND f.external_id = c.external_id
                  AND f.update_id = last.id AND f.path = k.path))) o ON true
 WHERE s.account_id = $1 AND s.run_id = $2 AND c.fingerprint <> s.fingerprint
   AND c."values" ->> k.path IS DISTINCT FROM n."values" ->> k.path
 ORDER BY c.external_id, k.path

-- name: apply_close_versions
-- The version that was current ends.
UPDATE syncd.campaign_versions v SET valid_to = s.read_at
  FROM syncd.staging s
  JOIN syncd.campaigns c ON c.account_id = s.account_id AND c.external_id = s.external_id
 WHERE s.account_id = $1 AND s.run_id = $2 AND c.fingerprint <> s.fingerprint
   AND v.account_id = c.account_id AND v.external_id = c.external_id AND v.version = c.version

-- name: apply_campaigns
-- Write the rows themselves. changed_at and version move only with the fingerprint. What is shown is neither
-- missing nor gone, unless the provider itself marks it so.
INSERT INTO syncd.campaigns AS c (
       account_id, external_id, name, status, status_seen, status_raw, goal, kind, part, currency, is_default,
       "values", raw, raw_digest, fingerprint, provider_created_at, provider_updated_at, first_seen_at, changed_at,
       read_at, gone_at, gone_by)
SELECT s.account_id, s.external_id, s.name, s.status, s.status_seen, s.status_raw, s.goal, s.kind, s.part,
       s.currency, s.is_default, s."values"::jsonb, s.raw, s.raw_digest, s.fingerprint, s.provider_created_at,
       s.provider_updated_at, s.read_at, s.read_at, s.read_at,
       CASE WHEN s.is_gone THEN s.read_at END, CASE WHEN s.is_gone THEN 'provider' END
  FROM syncd.staging s WHERE s.account_id = $1 AND s.run_id = $2
ON CONFLICT (account_id, external_id) DO UPDATE
   SET name = excluded.name, status = excluded.status, status_seen = excluded.status_seen,
       status_raw = excluded.status_raw, goal = excluded.goal, kind = excluded.kind, part = coalesce(excluded.part, c.part),
       currency = excluded.currency, is_default = excluded.is_default, "values" = excluded."values",
       raw = excluded.raw, raw_digest = excluded.raw_digest, fingerprint = excluded.fingerprint,
       provider_created_at = excluded.provider_created_at, provider_updated_at = excluded.provider_updated_at,
       version = c.version + (c.fingerprint <> excluded.fingerprint)::int,
       changed_at = CASE WHEN c.fingerprint <> excluded.fingerprint THEN excluded.read_at ELSE c.changed_at END,
       read_at = excluded.read_at,
       missing_since = NULL, missing_why = NULL,
       gone_at = CASE WHEN excluded.gone_at IS NOT NULL THEN coalesce(c.gone_at, excluded.gone_at) END,
       gone_by = CASE WHEN excluded.gone_at IS NOT NULL THEN coalesce(c.gone_by, excluded.gone_by) END

-- name: read_again
-- These were read by id and were as the mirror has them. Not where the mirror was read before a call of ours was
-- answered: a read that lags behind a write shows what was there before, too. What somebody else has locked he writes.
WITH same AS (
    SELECT c.account_id, c.external_id FROM syncd.campaigns c JOIN syncd.accounts a ON a.id = c.account_id
     WHERE c.account_id = $1 AND c.external_id = ANY ($2::text[]) AND c.read_at < $4 AND c.last_batch <= $3
       AND NOT EXISTS (SELECT FROM syncd.batches b WHERE b.account_id = c.account_id AND b.id = c.last_batch
                          AND (b.answered_at IS NULL OR b.answered_at >= syncd.read_at(c, a)))
       AND NOT EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = c.account_id AND u.external_id = c.external_id
                          AND u.state IN ('sending', 'unknown'))
       FOR NO KEY UPDATE OF c SKIP LOCKED)
UPDATE syncd.campaigns c SET read_at = $4
  FROM same s WHERE c.account_id = s.account_id AND c.external_id = s.external_id

-- name: apply_open_versions
-- New and changed campaigns get the version that is current from now on.
INSERT INTO syncd.campaign_versions (account_id, external_id, version, valid_from, run_id, name, goal, currency, "values")
SELECT c.account_id, c.external_id, c.version, c.changed_at, $2, c.name, c.goal, c.currency, c."values"
  FROM syncd.staging s
  JOIN syncd.campaigns c ON c.account_id = s.account_id AND c.external_id = s.external_id
 WHERE s.account_id = $1 AND s.run_id = $2
ON CONFLICT (account_id, external_id, version) DO NOTHING

-- name: bury_stage
-- Campaigns of which the provider said that they do not exist, as they were and marked as deleted.
INSERT INTO syncd.staging (account_id, run_id, external_id, mark, read_at, name, status, status_seen, status_raw, goal,
                           kind, part, currency, is_default, "values", raw, raw_digest, fingerprint, is_gone,
                           provider_created_at, provider_updated_at)
SELECT c.account_id, $2, c.external_id, $4, $5, c.name, c.status, c.status_seen, c.status_raw, c.goal,
       c.kind, c.part, c.currency, c.is_default, c."values" || '{"deleted": "true"}', c.raw, c.raw_digest,
       syncd.gone_fingerprint(c.fingerprint), true, c.provider_created_at, c.provider_updated_at
  FROM syncd.campaigns c WHERE c.account_id = $1 AND c.external_id = ANY ($3::text[]) AND c.gone_at IS NULL

-- name: apply_missing
-- Absent from a complete pull ($2) or outside the configured scope ($5). A campaign that a push touched since that
-- pull's first page is left alone.
UPDATE syncd.campaigns c
   SET missing_since = CASE WHEN l.is_left THEN coalesce(c.missing_since, $3) ELSE $3 END,
       missing_why = CASE WHEN l.is_left THEN 'scope' ELSE 'absent' END
  FROM (SELECT unnest($2::text[]) AS external_id, false AS is_left
        UNION ALL SELECT unnest($5::text[]), true) l
 WHERE c.account_id = $1 AND c.external_id = l.external_id AND c.gone_at IS NULL AND c.last_batch <= $4
   AND c.missing_why IS DISTINCT FROM CASE WHEN l.is_left THEN 'scope' ELSE 'absent' END

-- name: apply_complete
-- This pull saw everything, in the scope of the configuration if that has not changed since it began. What a person
-- had let pass is used up.
UPDATE syncd.accounts
   SET complete_at = $2, complete_mark = $3, complete_scope = CASE WHEN scope_since <= $2 THEN scope END,
       last_braked_absent = NULL, accepted_absent = NULL, accepted_until = NULL, accepted_by = NULL
 WHERE id = $1

-- name: apply_braked
-- So many campaigns would have counted as missing; a person may let them pass.
UPDATE syncd.accounts SET last_braked_absent = $2 WHERE id = $1

-- name: accepted
-- How many newly absent campaigns a person lets pass for now.
SELECT coalesce((SELECT a.accepted_absent FROM syncd.accounts a WHERE a.id = $1 AND a.accepted_until > syncd.now()), 0)

-- name: overdue
-- Of these absent campaigns those that an earlier complete pull of the same scope missed too, long enough ago.
SELECT c.external_id FROM syncd.campaigns c JOIN syncd.accounts a ON a.id = c.account_id
 WHERE c.account_id = $1 AND c.external_id = ANY ($2::text[]) AND c.missing_why = 'absent' AND c.gone_at IS NULL
   AND c.missing_since <= (SELECT syncd.now()) - a.missing_after AND a.complete_scope = a.scope
 ORDER BY c.missing_since, c.external_id

-- name: dialect_note
-- The dialect whose marks the answers bear. Quiet when it is the one that was seen before.
UPDATE syncd.accounts SET dialect_seen = $2, dialect_seen_at = syncd.now()
 WHERE id = $1 AND dialect_seen IS DISTINCT FROM $2

-- name: dialect_seen
-- The dialect that was noted last.
SELECT a.dialect_seen FROM syncd.accounts a WHERE a.id = $1

-- name: require_lease
-- Refuse to write when the account is no longer ours.
SELECT syncd.require_lease($1, $2, false)

-- name: staging_clear
-- Rows of this run, or of any run that is closed.
DELETE FROM syncd.staging s
 WHERE s.account_id = $1 AND (s.run_id = $2 OR NOT EXISTS (
       SELECT FROM syncd.runs r WHERE r.account_id = s.account_id AND r.id = s.run_id AND r.outcome = 'open'))

-- name: run_error
-- One bad row, with what the provider sent.
INSERT INTO syncd.run_errors (account_id, run_id, external_id, code, message, raw)
SELECT $1, $2, d.external_id, d.code, d.message, d.raw
  FROM unnest($3::text[], $4::text[], $5::text[], $6::bytea[]) AS d(external_id, code, message, raw)

-- name: mirror_witnesses
-- A few campaigns that were there when they were last read: if the provider shows one of them, its word that
-- another does not exist can be believed.
SELECT c.external_id FROM syncd.campaigns c
 WHERE c.account_id = $1 AND c.missing_since IS NULL AND c.gone_at IS NULL AND c.external_id <> ALL ($2::text[])
 ORDER BY c.read_at DESC, c.external_id LIMIT 3

-- name: mirror_values
-- The mirror's own values of these campaigns, for a plan that reads nothing. One that is gone shows only that.
SELECT c.external_id, CASE WHEN c.gone_at IS NULL THEN c."values" ELSE '{"deleted": "true"}' END AS "values"
  FROM syncd.campaigns c
 WHERE c.account_id = $1 AND c.external_id = ANY ($2::text[]) AND (c.missing_since IS NULL OR c.gone_at IS NOT NULL)

-- name: mirror_recent
-- Campaigns that were read at most so long ago. A batch of ours counts as being under way until it is answered: what
-- was read before that may be older than what it did.
SELECT c.external_id, c."values", c.status_raw, c.provider_updated_at, syncd.read_at(c, a) AS read_at
  FROM syncd.campaigns c JOIN syncd.accounts a ON a.id = c.account_id
  LEFT JOIN syncd.batches b ON b.account_id = c.account_id AND b.id = c.last_batch
 WHERE c.account_id = $1 AND c.external_id = ANY ($2::text[]) AND c.missing_since IS NULL AND c.gone_at IS NULL
   AND syncd.read_at(c, a) >= syncd.now() - make_interval(secs => $3)
   AND (b.id IS NULL OR b.answered_at < syncd.read_at(c, a))
   AND NOT EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = c.account_id AND u.external_id = c.external_id
                      AND u.state IN ('sending', 'unknown'))
