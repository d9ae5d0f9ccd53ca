-- name: report_accounts
-- Every account with its health, most urgent first.
SELECT h.*, n.at
  FROM report.account_health h CROSS JOIN (SELECT syncd.now() AS at) n
 ORDER BY array_position(ARRAY['blocked', 'failing', 'braked', 'other dialect', 'paused', 'never pulled', 'partial',
                               'late', 'waiting', 'ok'], h.state),
          h.account

-- name: report_services
-- Services that were seen in the last minute.
SELECT s.host, s.version, extract(epoch FROM syncd.now() - s.seen_at)::float8 AS seen_seconds
  FROM report.services s WHERE s.seen_at > syncd.now() - interval '60 s' ORDER BY s.seen_at DESC

-- name: report_needs
-- Updates that wait for a person or for a read-back, grouped by cause; those that a provider refused, and nobody has
-- taken note of, by account alone.
SELECT u.account, u.state::text AS cause, k.code, count(*) AS count,
       min(CASE u.state WHEN 'rejected' THEN u.settled_at ELSE u.created_at END) AS since,
       min(u.expires_at) AS expires_at
  FROM report.updates u
 CROSS JOIN LATERAL (SELECT CASE u.state WHEN 'rejected' THEN 'rejected' ELSE coalesce(u.reason_code, u.state::text) END
                            AS code) k
 WHERE u.state IN ('held', 'unknown', 'sending') OR (u.state = 'rejected' AND u.seen_at IS NULL)
 GROUP BY u.account, u.state, k.code ORDER BY min(u.created_at)

-- name: report_stuck
-- Queued updates that nothing will move although they are due, because no process runs.
SELECT u.account, u.waiting_for ->> 'code' AS code, u.waiting_for ->> 'text' AS reason, count(*) AS count,
       min(u.due_at) AS since
  FROM report.updates u WHERE u.state = 'queued' AND u.waiting_for ->> 'code' = 'no_service'
 GROUP BY 1, 2, 3 ORDER BY 5

-- name: report_queued
-- The oldest queued updates of an account, so many at most, with what each waits for.
WITH oldest AS MATERIALIZED (
    SELECT u.id, u.waiting_for FROM report.updates u WHERE u.state = 'queued' AND u.account = $1
     ORDER BY u.id LIMIT $2)
SELECT o.id, o.waiting_for ->> 'code' AS code, o.waiting_for ->> 'text' AS text FROM oldest o ORDER BY o.id

-- name: report_differing
-- Applied values that a later read shows otherwise, and nobody has taken note of.
SELECT u.account, count(*) AS count, min(u.settled_at) AS since
  FROM report.updates u WHERE u.state = 'applied' AND u.confirmation = 'different' AND u.seen_at IS NULL
 GROUP BY u.account ORDER BY 3

-- name: report_last_trouble
-- The last run that did not end well.
SELECT r.account, r.kind::text, r.outcome::text, r.error_code, r.error, r.ended_at FROM report.runs r
 WHERE r.outcome IN ('failed', 'partial', 'braked') ORDER BY r.started_at DESC LIMIT 1

-- name: report_updates
-- Updates, newest first; a null argument does not narrow.
SELECT u.*, n.at
  FROM report.updates u CROSS JOIN (SELECT syncd.now() AS at) n
 WHERE ($1::text[] IS NULL OR u.state::text = ANY ($1)) AND ($2::text IS NULL OR u.account = $2)
   AND ($3::text IS NULL OR u.external_id = $3) AND ($4::bigint IS NULL OR u.id < $4)
   AND ($5::bigint IS NULL OR u.id IN (
        SELECT t.update_id FROM report.update_attempts t WHERE t.run_id = $5)
        OR u.superseded_by IN (SELECT t.update_id FROM report.update_attempts t WHERE t.run_id = $5))
 ORDER BY u.id DESC LIMIT $6

-- name: report_updates_by_id
-- These updates, in their order.
SELECT u.*, n.at FROM report.updates u CROSS JOIN (SELECT syncd.now() AS at) n
 WHERE u.id = ANY ($1::bigint[]) ORDER BY u.id

-- name: report_acted_on
-- The same for whoever has just asked for them, or decided about them, and reads no view.
SELECT u.*, n.at FROM syncd.shown_updates($1) u CROSS JOIN (SELECT syncd.now() AS at) n ORDER BY u.id

-- name: report_update_counts
-- How many updates are in each state.
SELECT u.state::text, count(*) AS count FROM report.updates u
 WHERE ($1::text IS NULL OR u.account = $1) GROUP BY u.state

-- name: report_attempts
-- Every attempt of these updates, oldest first.
SELECT t.* FROM report.update_attempts t WHERE t.update_id = ANY ($1::bigint[]) ORDER BY t.batch_id, t.update_id

-- name: report_events
-- Every state that an update reached.
SELECT e.* FROM report.update_events e WHERE e.update_id = $1 ORDER BY e.id

-- name: report_approvals
-- Who let what of an update through.
SELECT p.* FROM report.approvals p WHERE p.update_id = $1 ORDER BY p.id

-- name: report_let_through
-- What the last approval of each of these updates let through, with what that was held for.
SELECT a.* FROM syncd.shown_approvals($1) a ORDER BY a.update_id, a.path

-- name: report_plans_of
-- The saved plans that show an update, with its items there.
SELECT p.hash, p.made_at, p.made_by, p.expires_at, i.items
  FROM report.updates u
  JOIN report.plans p ON p.account = u.account AND p.items @> jsonb_build_array(jsonb_build_object('update', u.id))
 CROSS JOIN LATERAL (SELECT jsonb_agg(o) AS items FROM jsonb_array_elements(p.items) o
                      WHERE o -> 'update' = to_jsonb(u.id)) i
 WHERE u.id = $1 ORDER BY p.id

-- name: report_mates
-- The other updates in an update's batches.
SELECT o.batch_id, array_agg(o.update_id ORDER BY o.update_id) AS updates
  FROM report.update_attempts t
  JOIN report.update_attempts o ON o.account = t.account AND o.batch_id = t.batch_id AND o.update_id <> t.update_id
 WHERE t.update_id = $1 GROUP BY o.batch_id

-- name: report_neighbours
-- The updates before and after one that ask for one of the same paths, at most $2 of each.
WITH one AS (SELECT u.account, u.external_id, u.id, ARRAY(SELECT jsonb_object_keys(u.patch)) AS paths
               FROM report.updates u WHERE u.id = $1),
beside AS (
    (SELECT 'earlier' AS link, o.id, o.state, o.patch, o.created_at, o.settled_at FROM one, report.updates o
      WHERE o.account = one.account AND o.external_id = one.external_id AND o.id < one.id AND o.patch ?| one.paths
      ORDER BY o.id DESC LIMIT $2)
    UNION ALL
    (SELECT 'later', o.id, o.state, o.patch, o.created_at, o.settled_at FROM one, report.updates o
      WHERE o.account = one.account AND o.external_id = one.external_id AND o.id > one.id AND o.patch ?| one.paths
      ORDER BY o.id LIMIT $2))
SELECT b.link, b.id, b.state::text, b.patch, b.created_at, b.settled_at FROM beside b ORDER BY b.id

-- name: report_history_of
-- Which values of the mirror moved because of an update.
SELECT f.* FROM report.updates u
  JOIN report.field_history f ON f.account = u.account AND f.external_id = u.external_id AND f.update_id = u.id
 WHERE u.id = $1 ORDER BY f.id

-- name: report_unclear_creates
-- Those of these creates whose call had no answer.
SELECT c.id FROM syncd.unclear_creates($1) c(id)

-- name: report_links
-- The updates that an update is linked to, and how.
SELECT l.link, o.id, o.state::text, o.patch, o.created_at, o.settled_at
  FROM report.updates u
 CROSS JOIN LATERAL (
       SELECT 'superseded_by' AS link, u.superseded_by AS id
       UNION SELECT 'superseded_by', (r.value ->> 'superseded_by')::bigint FROM jsonb_each(u.results) r
       UNION ALL SELECT 'supersedes', s.id FROM report.updates s
                  WHERE s.account = u.account AND s.superseded_by = u.id
       UNION ALL SELECT 'retry_of', u.retry_of
       UNION ALL SELECT 'retried_by', s.id FROM report.updates s WHERE s.account = u.account AND s.retry_of = u.id) l
  JOIN report.updates o ON o.account = u.account AND o.id = l.id
 WHERE u.id = $1 ORDER BY l.link, o.id

-- name: report_inbox
-- What a person has to look at, the longest waiting first; a null argument does not narrow.
SELECT i.*, n.at FROM report.inbox i CROSS JOIN (SELECT syncd.now() AS at) n
 WHERE ($1::text IS NULL OR i.account = $1) AND ($2::text IS NULL OR i.external_id = $2)
   AND ($3::bigint[] IS NULL OR i.id = ANY ($3))
 ORDER BY i.since, i.id LIMIT $4

-- name: report_inbox_counts
-- How many a person has to look at, by cause.
SELECT i.cause, count(*) AS count FROM report.inbox i
 WHERE $1::text[] IS NULL OR i.account = ANY ($1) GROUP BY i.cause

-- name: report_inbox_row
-- One update as the inbox has it.
SELECT i.* FROM report.inbox i WHERE i.id = $1

-- name: report_campaigns
-- Campaigns in the order of account and id, from after a given one; a null argument does not narrow.
SELECT c.* FROM report.campaigns c
 WHERE ($1::text IS NULL OR c.account = $1)
   AND ($2::text IS NULL OR strpos(lower(c.name), lower($2)) > 0 OR c.external_id = $2)
   AND (NOT $3 OR c.missing_since IS NOT NULL)
   AND ($4::text IS NULL OR (c.account, c.external_id) > ($4, $5))
 ORDER BY c.account, c.external_id LIMIT $6

-- name: report_campaign
-- One campaign.
SELECT c.*, n.at FROM report.campaigns c CROSS JOIN (SELECT syncd.now() AS at) n
 WHERE c.account = $1 AND c.external_id = $2

-- name: report_campaign_names
-- Names and currencies of these campaigns.
SELECT c.account, c.external_id, c.name, c.currency FROM report.campaigns c
 WHERE c.account = ANY ($1::text[]) AND c.external_id = ANY ($2::text[])

-- name: report_gone
-- Campaigns that are out of view or gone, those first that wait for a person or for another pull; with the evidence
-- that the account's provider gives.
SELECT c.account, c.external_id, c.name, c.missing_since, c.missing_why, c.gone_at, c.gone_by, a.evidence, n.at
  FROM report.campaigns c JOIN syncd.offered() a ON a.name = c.account CROSS JOIN (SELECT syncd.now() AS at) n
 WHERE (c.missing_since IS NOT NULL OR c.gone_at IS NOT NULL) AND ($1::text IS NULL OR c.account = $1)
 ORDER BY c.gone_at DESC NULLS FIRST, c.missing_since, c.account, c.external_id LIMIT $2

-- name: report_near_ids
-- Ids that a slip of the finger could have meant: about as long, with the same beginning or end.
SELECT c.external_id FROM report.campaigns c
 WHERE c.account = $1 AND abs(length(c.external_id) - length($2)) <= 1
   AND (left(c.external_id, 3) = left($2, 3) OR right(c.external_id, 3) = right($2, 3))
 ORDER BY c.external_id LIMIT 2000

-- name: report_history
-- The last field changes of one campaign, oldest first; or of everything that one run saw.
SELECT * FROM (
    SELECT f.*, u.request_reason, c.name, c.currency FROM report.field_history f
      LEFT JOIN report.campaigns c ON c.account = f.account AND c.external_id = f.external_id
      LEFT JOIN report.updates u ON u.id = f.update_id AND u.account = f.account
     WHERE f.account = $1 AND ($2::text IS NULL OR f.external_id = $2) AND ($3::text IS NULL OR f.path = $3)
       AND ($4::bigint IS NULL OR f.run_id = $4)
     ORDER BY f.id DESC LIMIT $5) newest
 ORDER BY newest.id

-- name: report_runs
-- These runs.
SELECT r.* FROM report.runs r WHERE r.id = ANY ($1::bigint[]) ORDER BY r.id

-- name: report_fields
-- What each account can change, with its provider, whether it was ever pulled whole, and the pause.
SELECT o.* FROM syncd.offered() o ORDER BY o.name

-- name: report_server
-- The server and the database themselves.
SELECT current_setting('server_version') AS server_version, current_database() AS database,
       current_user AS role, pg_database_size(current_database()) AS size_bytes,
       (SELECT extract(epoch FROM max(clock_timestamp() - s.xact_start))::float8 FROM pg_stat_activity s
         WHERE s.datname = current_database() AND s.pid <> pg_backend_pid()) AS oldest_transaction_seconds,
       (SELECT count(*) FROM pg_stat_activity s WHERE s.datname = current_database()) AS connections,
       (SELECT array_agg(r.rolname::text ORDER BY r.rolname) FROM pg_roles r
         WHERE r.rolname IN ('syncd_owner', 'syncd_service', 'syncd_enqueue', 'syncd_approve', 'syncd_report')) AS roles
