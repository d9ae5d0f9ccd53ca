-- The views, with what is new at their end: whoever has rights on one, or a view of his own above it, keeps them.

CREATE OR REPLACE VIEW report.campaigns AS
SELECT a.name AS account, a.provider, c.external_id, c.name, c.status, c.status_seen, c.currency, c."values",
       c.first_seen_at, c.changed_at,
       -- An unchanged campaign costs no write: the last complete pull saw it too, unless a push touched it
       -- after one of that pull's pages had left. One that is gone was last seen when it was last read.
       CASE WHEN c.missing_since IS NULL AND c.gone_at IS NULL AND c.last_batch <= a.complete_mark
            THEN greatest(c.read_at, a.complete_at) ELSE c.read_at END AS seen_at,
       c.missing_since, c.gone_at, c.goal, c.status_raw, c.is_default,
       c.missing_why, c.gone_by, c.provider_created_at, c.provider_updated_at
  FROM syncd.campaigns c JOIN syncd.accounts a ON a.id = c.account_id;

CREATE OR REPLACE VIEW report.field_history AS
SELECT a.name AS account, f.external_id, f.path, f.old, f.new, f.origin, f.update_id,
       coalesce(u.requester, f.requester) AS requester, f.seen_at,
       u.confirmed_at, f.id, f.run_id
  FROM syncd.field_changes f
  JOIN syncd.accounts a ON a.id = f.account_id
  LEFT JOIN syncd.updates u ON u.account_id = f.account_id AND u.id = f.update_id;

-- What a provider offers, in each dialect; the same for all of its accounts.
CREATE VIEW report.fields AS
SELECT f.provider, f.dialect, f.path, f.kind, f.is_readable AS readable, f.is_changeable AS changeable,
       f.is_creatable AS creatable, f.is_required AS required, f.is_nullable AS nullable, f.choices, f.call, f.note,
       f.scale, f.least, f.is_above_least AS above_least, f.longest, f.guard
  FROM syncd.fields f;

-- Why updates of an account whose provider speaks another dialect wait, and what ends that.
CREATE FUNCTION syncd.dialect_cause(a syncd.accounts) RETURNS text LANGUAGE sql STABLE
    RETURN CASE WHEN a.dialect_seen <> a.dialect THEN format(
        'the provider''s answers are of dialect %s, the account is set to %s', a.dialect_seen, a.dialect) END;
CREATE FUNCTION syncd.dialect_remedy(a syncd.accounts) RETURNS text LANGUAGE sql STABLE
    RETURN format('write dialect = "%s" under account %s in the configuration; what is held then goes out by itself',
                  a.dialect_seen, a.name);

-- What an open update waits for: a code, a sentence and, where there is one, a time.
CREATE OR REPLACE FUNCTION syncd.waiting_for(u syncd.updates, a syncd.accounts, at timestamptz, is_served boolean)
    RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER RETURN CASE
    WHEN u.state = 'sending' THEN jsonb_build_object('code', 'answer', 'text', 'sent; the answer is outstanding')
    WHEN u.state = 'unknown' THEN jsonb_build_object('code', 'settle_time', 'until', u.read_after,
         'text', 'no readable answer; it is read back first and nothing is sent again before')
    WHEN u.state = 'held' AND u.reason_code = 'dialect_mismatch' AND a.dialect_seen <> a.dialect THEN
         jsonb_build_object('code', 'dialect', 'text', syncd.dialect_cause(a) || '; ' || syncd.dialect_remedy(a))
    WHEN u.state = 'held' AND u.reason_code = 'dialect_mismatch' THEN
         jsonb_build_object('code', 'dialect', 'text', 'the cause is gone; the next push queues it again')
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

CREATE OR REPLACE VIEW report.updates AS
SELECT u.id, a.name AS account, u.external_id, u.patch, u.state, u.reason, u.results, u.confirmation,
       u.confirmed_at, u.requester, u.created_at, u.settled_at,
       CASE WHEN u.settled_at IS NULL THEN syncd.waiting_for(u, a, n.at, n.is_served) END AS waiting_for, u.superseded_by,
       u.reason_code, u.request_reason, u.reference, u.reference_source, u.key, u.policy, u.not_before,
       u.expires_at, u.due_at, u.batch_id, c.name AS campaign_name, c.currency, u.is_create
  FROM syncd.updates u
  JOIN syncd.accounts a ON a.id = u.account_id
  CROSS JOIN (SELECT syncd.now() AS at, syncd.is_served() AS is_served) n
  LEFT JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id;

-- Requests by the hour.
CREATE VIEW report.limit_usage AS
SELECT a.name AS account, r.operation, r.hour, r.requests
  FROM syncd.request_usage r JOIN syncd.accounts a ON a.id = r.account_id;

-- What requests cost, by month of the provider's zone. An hour belongs to one month, because such zones are whole
-- hours away from UTC.
CREATE VIEW report.request_cost AS
SELECT m.account, m.month, m.operation, m.requests, least(m.requests, m.free_per_month) AS free,
       greatest(m.requests - m.free_per_month, 0) AS billed,
       greatest(m.requests - m.free_per_month, 0) * m.amount AS cost, m.currency
  FROM (SELECT a.name AS account, date_trunc('month', r.hour AT TIME ZONE p.zone)::date AS month, r.operation,
               sum(r.requests)::bigint AS requests, p.free_per_month, p.amount, p.currency
          FROM syncd.request_usage r
          JOIN syncd.prices p ON p.account_id = r.account_id AND p.operation = r.operation
          JOIN syncd.accounts a ON a.id = r.account_id
         GROUP BY a.name, 2, r.operation, p.free_per_month, p.amount, p.currency) m;

-- The state of an account is the first of these that fits; cause and remedy are of that one.
CREATE OR REPLACE VIEW report.account_health AS
SELECT a.name AS account, a.provider, s.state,
       CASE s.state WHEN 'paused' THEN a.paused_at WHEN 'braked' THEN s.trouble_at WHEN 'partial' THEN s.trouble_at
                    WHEN 'other dialect' THEN a.dialect_seen_at ELSE a.failing_since END AS since,
       CASE s.state
            WHEN 'paused' THEN 'paused by ' || coalesce(a.paused_by, 'somebody')
            WHEN 'blocked' THEN a.error
            WHEN 'failing' THEN a.error
            WHEN 'braked' THEN format(
                 'the last pull did not show %s campaigns that were there; nothing was counted as missing',
                 a.last_braked_absent)
            WHEN 'other dialect' THEN syncd.dialect_cause(a)
            WHEN 'waiting' THEN a.frozen_reason
            ELSE s.trouble ->> 'error' END AS cause,
       CASE s.state
            WHEN 'paused' THEN 'syncd accounts resume ' || a.name
            WHEN 'blocked' THEN a.remedy
            WHEN 'failing' THEN a.remedy
            WHEN 'braked' THEN CASE WHEN a.accepted_until > n.at
                 THEN format('accepted by %s: the next complete pull passes', a.accepted_by)
                 ELSE 'look at the provider; if it is right: syncd accounts accept ' || a.name END
            WHEN 'other dialect' THEN syncd.dialect_remedy(a)
            WHEN 'waiting' THEN 'nothing to do: it goes on by itself at ' || syncd.shown_time(a.frozen_until)
            WHEN 'late' THEN 'start "syncd run", or let cron run "syncd sync"'
            ELSE s.trouble ->> 'remedy' END AS remedy,
       a.failures, a.complete_at AS last_complete_at, a.pull_due_at AS next_pull_at, a.frozen_until,
       coalesce(c.campaigns, 0) AS campaigns, coalesce(c.missing, 0) AS missing,
       coalesce(q.queued, 0) AS queued, coalesce(q.held, 0) AS held, coalesce(q.unknown, 0) AS unknown,
       q.oldest_queued_at,
       coalesce(d.applied, 0) AS applied_24h, coalesce(d.rejected, 0) AS rejected_24h, a.is_configured,
       coalesce(c.gone, 0) AS gone, a.dialect, a.dialect_seen, a.last_braked_absent AS braked_absent, a.accepted_until
  FROM syncd.accounts a
  CROSS JOIN (SELECT syncd.now() AS at) n
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE k.gone_at IS NULL) AS campaigns,
              count(*) FILTER (WHERE k.missing_since IS NOT NULL AND k.gone_at IS NULL) AS missing,
              count(*) FILTER (WHERE k.gone_at IS NOT NULL) AS gone
         FROM syncd.campaigns k WHERE k.account_id = a.id) c ON true
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE u.state = 'queued') AS queued,
              count(*) FILTER (WHERE u.state = 'held') AS held,
              count(*) FILTER (WHERE u.state IN ('unknown', 'sending')) AS unknown,
              min(u.created_at) FILTER (WHERE u.state = 'queued') AS oldest_queued_at
         FROM syncd.updates u
        WHERE u.account_id = a.id AND u.state IN ('queued', 'sending', 'unknown', 'held')) q ON true
  CROSS JOIN LATERAL (
       SELECT t.value AS trouble, (t.value ->> 'at')::timestamptz AS trouble_at,
              CASE WHEN a.paused_at IS NOT NULL THEN 'paused'
                   WHEN a.error_code IN ('auth-failed', 'forbidden') THEN 'blocked'
                   WHEN a.failing_since IS NOT NULL THEN 'failing'
                   WHEN a.complete_at IS NULL THEN 'never pulled'
                   WHEN a.last_braked_absent IS NOT NULL THEN 'braked'
                   WHEN a.dialect_seen <> a.dialect THEN 'other dialect'
                   WHEN a.frozen_until > n.at THEN 'waiting'
                   WHEN t.value IS NOT NULL THEN 'partial'
                   WHEN a.pull_due_at < n.at - interval '60 s' THEN 'late'
                   ELSE 'ok' END AS state
         -- Of a push or a recovery only as long as there is something left of it.
         FROM (SELECT 1) one LEFT JOIN LATERAL jsonb_each(a.troubles) t
              ON t.key = 'pull' OR (t.key = 'push' AND q.queued > 0) OR (t.key = 'recover' AND q.unknown > 0)
        ORDER BY t.value ->> 'at' DESC LIMIT 1) s
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE u.state = 'applied') AS applied,
              count(*) FILTER (WHERE u.state = 'rejected') AS rejected
         FROM syncd.updates u
        WHERE u.account_id = a.id AND u.settled_at > n.at - interval '24 h') d ON true;
