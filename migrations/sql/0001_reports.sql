-- The views that people and other programs read. Their columns are a promise; the tables behind are not.

CREATE VIEW report.campaigns AS
SELECT a.name AS account, a.provider, c.external_id, c.name, c.status, c.status_seen, c.currency, c."values",
       c.first_seen_at, c.changed_at,
       -- An unchanged campaign costs no write: the last complete pull saw it too, unless a push touched it
       -- after one of that pull's pages had left.
       CASE WHEN c.missing_since IS NULL AND c.last_batch <= a.complete_mark
            THEN greatest(c.read_at, a.complete_at) ELSE c.read_at END AS seen_at,
       c.missing_since, c.gone_at, c.goal, c.status_raw, c.is_default
  FROM syncd.campaigns c JOIN syncd.accounts a ON a.id = c.account_id;

CREATE VIEW report.campaign_history AS
SELECT a.name AS account, v.external_id, v.version, v.valid_from, v.valid_to, v.name, v.goal, v.currency,
       v."values", v.run_id
  FROM syncd.campaign_versions v JOIN syncd.accounts a ON a.id = v.account_id;

CREATE VIEW report.field_history AS
SELECT a.name AS account, f.external_id, f.path, f.old, f.new, f.origin, f.update_id, u.requester, f.seen_at,
       u.confirmed_at, f.id, f.run_id
  FROM syncd.field_changes f
  JOIN syncd.accounts a ON a.id = f.account_id
  LEFT JOIN syncd.updates u ON u.account_id = f.account_id AND u.id = f.update_id;

CREATE FUNCTION syncd.is_served() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    RETURN EXISTS (SELECT FROM syncd.services s WHERE s.seen_at > (SELECT syncd.now()) - interval '60 s');

-- What an open update waits for: a code, a sentence and, where there is one, a time.
CREATE FUNCTION syncd.waiting_for(u syncd.updates, a syncd.accounts, at timestamptz, is_served boolean)
    RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER RETURN CASE
    WHEN u.state = 'sending' THEN jsonb_build_object('code', 'answer', 'text', 'sent; the answer is outstanding')
    WHEN u.state = 'unknown' THEN jsonb_build_object('code', 'settle_time', 'until', u.read_after,
         'text', 'no readable answer; it is read back first and nothing is sent again before')
    WHEN u.state = 'held' THEN jsonb_build_object('code', 'decision',
         'text', 'a person decides: ' || coalesce(u.reason, u.reason_code))
    WHEN u.state <> 'queued' THEN NULL
    WHEN a.paused_at IS NOT NULL THEN jsonb_build_object('code', 'account_paused',
         'text', 'the account is paused by ' || coalesce(a.paused_by, 'somebody'))
    WHEN u.due_at > at THEN jsonb_build_object('code', 'not_before', 'until', u.due_at,
         'text', 'not due yet')
    WHEN a.complete_at IS NULL AND NOT EXISTS (SELECT FROM syncd.campaigns k
                    WHERE k.account_id = u.account_id AND k.external_id = u.external_id) THEN jsonb_build_object('code', 'first_pull',
         'text', 'the first complete pull of the account')
    WHEN EXISTS (SELECT FROM syncd.updates o WHERE o.account_id = u.account_id AND o.external_id = u.external_id
                    AND o.state IN ('sending', 'unknown')) THEN jsonb_build_object('code', 'unknown_first',
         'text', 'an earlier update of this campaign has no known outcome yet')
    WHEN a.frozen_until > at THEN jsonb_build_object('code', 'limit', 'until', a.frozen_until,
         'text', 'the provider asked to wait: ' || coalesce(a.frozen_reason, 'throttled'))
    WHEN a.failing_since IS NOT NULL THEN jsonb_build_object('code', 'account_failing',
         'text', coalesce(a.error, a.error_code))
    WHEN NOT is_served THEN jsonb_build_object('code', 'no_service',
         'text', 'no process is running; start "syncd run" or let cron run "syncd sync"')
    ELSE jsonb_build_object('code', 'push_schedule', 'until', a.push_due_at,
         'text', 'the next push (' || a.push_schedule || ')')
    END;

CREATE VIEW report.updates AS
SELECT u.id, a.name AS account, u.external_id, u.patch, u.state, u.reason, u.results, u.confirmation,
       u.confirmed_at, u.requester, u.created_at, u.settled_at,
       CASE WHEN u.settled_at IS NULL THEN syncd.waiting_for(u, a, n.at, n.is_served) END AS waiting_for, u.superseded_by,
       u.reason_code, u.request_reason, u.reference, u.reference_source, u.key, u.policy, u.not_before,
       u.expires_at, u.due_at, u.batch_id, c.name AS campaign_name, c.currency
  FROM syncd.updates u
  JOIN syncd.accounts a ON a.id = u.account_id
  CROSS JOIN (SELECT syncd.now() AS at, syncd.is_served() AS is_served) n
  LEFT JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id;

CREATE VIEW report.update_attempts AS
SELECT t.update_id, t.batch_id, b.operation, b.http_status, t.outcome, t.code, t.message, t.trace_id,
       b.sent_at, b.answered_at, a.name AS account, t.external_id, t.sent, t.remote, t.warnings,
       encode(b.body_sha256, 'hex') AS body_sha256, b.epoch, b.run_id
  FROM syncd.attempts t
  JOIN syncd.batches b ON b.account_id = t.account_id AND b.id = t.batch_id
  JOIN syncd.accounts a ON a.id = t.account_id;

CREATE VIEW report.runs AS
SELECT r.id, a.name AS account, r.kind, r.outcome, r.counts, r.started_at, r.ended_at, r.error,
       r.error_code, r.remedy, r.calls, r.started_by, r.owner, r.epoch
  FROM syncd.runs r JOIN syncd.accounts a ON a.id = r.account_id;

CREATE VIEW report.account_health AS
SELECT a.name AS account, a.provider,
       CASE WHEN a.paused_at IS NOT NULL THEN 'paused'
            WHEN a.error_code IN ('auth-failed', 'forbidden') THEN 'blocked'
            WHEN a.failing_since IS NOT NULL THEN 'failing'
            WHEN a.complete_at IS NULL THEN 'never pulled'
            WHEN a.frozen_until > n.at THEN 'waiting'
            WHEN a.pull_due_at < n.at - interval '60 s' THEN 'late'
            ELSE 'ok' END AS state,
       coalesce(a.paused_at, a.failing_since) AS since,
       CASE WHEN a.paused_at IS NOT NULL THEN 'paused by ' || coalesce(a.paused_by, 'somebody')
            WHEN a.failing_since IS NOT NULL THEN a.error
            WHEN a.frozen_until > n.at THEN a.frozen_reason END AS cause,
       CASE WHEN a.failing_since IS NOT NULL THEN a.remedy END AS remedy,
       a.failures, a.complete_at AS last_complete_at, a.pull_due_at AS next_pull_at, a.frozen_until,
       (SELECT count(*) FROM syncd.campaigns c WHERE c.account_id = a.id) AS campaigns,
       (SELECT count(*) FROM syncd.campaigns c WHERE c.account_id = a.id AND c.missing_since IS NOT NULL) AS missing,
       coalesce(q.queued, 0) AS queued, coalesce(q.held, 0) AS held, coalesce(q.unknown, 0) AS unknown,
       q.oldest_queued_at,
       coalesce(d.applied, 0) AS applied_24h, coalesce(d.rejected, 0) AS rejected_24h, a.is_configured
  FROM syncd.accounts a
  CROSS JOIN (SELECT syncd.now() AS at) n
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE u.state = 'queued') AS queued,
              count(*) FILTER (WHERE u.state = 'held') AS held,
              count(*) FILTER (WHERE u.state IN ('unknown', 'sending')) AS unknown,
              min(u.created_at) FILTER (WHERE u.state = 'queued') AS oldest_queued_at
         FROM syncd.updates u
        WHERE u.account_id = a.id AND u.state IN ('queued', 'sending', 'unknown', 'held')) q ON true
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE u.state = 'applied') AS applied,
              count(*) FILTER (WHERE u.state = 'rejected') AS rejected
         FROM syncd.updates u
        WHERE u.account_id = a.id AND u.settled_at > n.at - interval '24 h') d ON true;
