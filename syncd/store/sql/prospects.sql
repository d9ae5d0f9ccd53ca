-- name: prospect_account
-- When the mirror was last complete, who paused the account, and the time that it is.
SELECT n.at, a.complete_at, a.paused_at, a.paused_by
  FROM syncd.accounts a CROSS JOIN (SELECT syncd.now() AS at) n WHERE a.id = $1

-- name: prospect_open
-- Open updates with what each waits for. Late are those that a push would end, because their time has passed;
-- releasable those that it would take back into the queue.
SELECT u.id, u.state::text, w.waiting_for, syncd.is_past(u) AS is_late, syncd.is_releasable(u, a) AS is_releasable
  FROM syncd.updates u JOIN syncd.accounts a ON a.id = u.account_id JOIN report.updates w ON w.id = u.id
 WHERE u.account_id = $1 AND u.state IN ('queued', 'sending', 'unknown', 'held') ORDER BY u.id

-- name: prospect_held
-- Updates that wait for a person, in the order of the queue, with what is still open of each and why it is held. No
-- leave helps one that a later update has overtaken.
SELECT u.id, u.external_id, syncd.open_part(u.patch, u.results) AS patch, u.reference, u.policy, u.requester,
       CASE WHEN o.id IS NULL THEN u.reason_code ELSE 'overtaken' END AS reason_code,
       CASE WHEN o.id IS NULL THEN u.reason ELSE syncd.resolving_command(u, a) END AS reason,
       CASE WHEN o.id IS NULL THEN u.holds END AS holds, u.is_create,
       coalesce(c.name, CASE WHEN u.is_create THEN u.patch ->> 'name' END) AS name,
       CASE WHEN c.external_id IS NULL AND u.is_create THEN a.currency ELSE c.currency END AS currency
  FROM syncd.updates u JOIN syncd.accounts a ON a.id = u.account_id
  LEFT JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id
 CROSS JOIN LATERAL (SELECT syncd.overtaken_by(u) AS id) o
 WHERE u.account_id = $1 AND u.state = 'held' AND NOT syncd.is_past(u)
   AND NOT syncd.is_releasable(u, a)
 ORDER BY u.due_at, u.id

-- name: prospect_seen
-- When what the mirror shows of these campaigns was read.
SELECT c.external_id, syncd.read_at(c, a) AS seen_at
  FROM syncd.campaigns c JOIN syncd.accounts a ON a.id = c.account_id
 WHERE c.account_id = $1 AND c.external_id = ANY ($2::text[])

-- name: prospect_used
-- Requests of this month by operation, where requests are billed; months begin by the clock of the price's zone.
SELECT p.operation, coalesce(sum(r.requests), 0)::bigint AS requests
  FROM syncd.prices p
  LEFT JOIN syncd.request_usage r ON r.account_id = p.account_id AND r.operation = p.operation
       AND r.hour >= date_trunc('month', syncd.now() AT TIME ZONE p.zone) AT TIME ZONE p.zone
 WHERE p.account_id = $1 GROUP BY p.operation

-- name: prospect_approvals
-- Items ($2) of which every hit ($3, beside its item) is covered by an approval that still holds: who gave the one that
-- ends first.
SELECT m.item AS digest, (array_agg(v.approved_by ORDER BY v.expires_at))[1] AS approved_by, min(v.expires_at) AS expires_at
  FROM unnest($2::text[], $3::text[]) m(item, hit)
  LEFT JOIN (SELECT DISTINCT ON (h.digest) h.digest, p.approved_by, p.expires_at
               FROM syncd.approvals p, unnest(p.covers) h(digest)
              WHERE p.account_id = $1 AND p.expires_at > (SELECT syncd.now()) AND h.digest = ANY ($3)
              ORDER BY h.digest, p.expires_at DESC) v ON v.digest = m.hit
 GROUP BY m.item HAVING bool_and(v.digest IS NOT NULL)
