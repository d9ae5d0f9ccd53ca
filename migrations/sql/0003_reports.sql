-- The views, with what is new at their end: whoever has rights on one, or a view of his own above it, keeps them.

-- What an open update waits for: a code, a sentence and, where there is one, a time.
CREATE OR REPLACE FUNCTION syncd.waiting_for(u syncd.updates, a syncd.accounts, at timestamptz, is_served boolean)
    RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp RETURN CASE
    WHEN u.state = 'sending' THEN jsonb_build_object('code', 'answer', 'text', 'sent; the answer is outstanding')
    WHEN u.state = 'unknown' THEN jsonb_build_object('code', 'settle_time', 'until', u.read_after,
         'text', 'no readable answer; it is read back first and nothing is sent again before')
    WHEN u.state = 'held' AND syncd.is_releasable(u, a) THEN jsonb_build_object(
         'code', CASE u.reason_code WHEN 'dialect_mismatch' THEN 'dialect' ELSE 'decision' END,
         'text', 'the cause is gone; the next push queues it again')
    WHEN u.state = 'held' AND u.reason_code = 'dialect_mismatch' THEN
         jsonb_build_object('code', 'dialect', 'text', syncd.dialect_cause(a) || '; ' || syncd.dialect_remedy(a),
                            'command', syncd.resolving_command(u, a))
    WHEN u.state = 'held' THEN jsonb_build_object('code', 'decision', 'until', syncd.released_at(u, a), 'command', syncd.resolving_command(u, a),
         'text', format('a person decides: %s; %s', coalesce(u.reason, u.reason_code), syncd.resolving_command(u, a)))
    WHEN u.state <> 'queued' THEN NULL
    WHEN a.paused_at IS NOT NULL THEN jsonb_build_object('code', 'account_paused',
         'text', 'the account is paused ' || syncd.by_whom(coalesce(a.paused_by, 'somebody'), a.paused_reason))
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
       u.expires_at, u.due_at, u.batch_id, c.name AS campaign_name, c.currency, u.is_create, u.holds,
       CASE WHEN u.state = 'held' THEN syncd.resolving_command(u, a)
            WHEN u.seen_at IS NULL AND (u.state IN ('rejected', 'expired') OR (u.state = 'applied' AND u.confirmation = 'different'))
            THEN 'syncd updates seen ' || u.id END AS command,
       u.retry_of, u.seen_at, u.seen_by, u.reference_sources, u.asked_by,
       CASE WHEN u.settled_at IS NULL THEN (
            SELECT max(p.expires_at) FROM syncd.approvals p
             WHERE p.account_id = u.account_id AND p.update_id = u.id AND p.expires_at > n.at) END AS approved_until
  FROM syncd.updates u
  JOIN syncd.accounts a ON a.id = u.account_id
  CROSS JOIN (SELECT syncd.now() AS at, syncd.is_served() AS is_served) n
  LEFT JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id;

-- Everything that a person has to look at: what is held, what went wrong and was not marked as seen, and what is
-- being found out for longer than a read-back takes; with the figures by path and what ends it.
CREATE VIEW report.inbox AS
SELECT u.id, a.name AS account, u.external_id, c.name AS campaign_name, k.cause,
       CASE k.cause WHEN 'different' THEN 'different' ELSE u.reason_code END AS code,
       CASE k.cause WHEN 'different' THEN f.told ELSE u.reason END AS reason,
       CASE k.cause
            WHEN 'held' THEN (SELECT coalesce(jsonb_object_agg(h.key, h.value -> 'hits'), '{}') FROM jsonb_each(u.holds) h)
            WHEN 'different' THEN f.figures
            WHEN 'rejected' THEN (SELECT coalesce(jsonb_object_agg(r.key, r.value - '{outcome,at}'::text[]), '{}')
                                    FROM jsonb_each(u.results) r WHERE r.value ->> 'outcome' = 'rejected')
            ELSE jsonb_build_object('read_after', u.read_after, 'repeats', u.repeats, 'searches', u.searches)
       END AS figures,
       CASE k.cause WHEN 'unknown' THEN 'nothing to do: it is read back after ' || syncd.shown_time(u.read_after)
                    WHEN 'held' THEN syncd.resolving_command(u, a)
                    ELSE 'syncd updates seen ' || u.id END AS command,
       s.since, u.requester
  FROM syncd.updates u
  JOIN syncd.accounts a ON a.id = u.account_id
  LEFT JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id
  CROSS JOIN LATERAL (SELECT CASE u.state WHEN 'applied' THEN 'different' ELSE u.state::text END AS cause) k
  CROSS JOIN LATERAL (
       SELECT coalesce((SELECT max(e.at) FROM syncd.update_events e
                         WHERE e.account_id = u.account_id AND e.update_id = u.id AND e.state = u.state
                           AND e.was IS DISTINCT FROM e.state),
                       u.settled_at, u.created_at) AS since) s
  LEFT JOIN LATERAL (
       SELECT string_agg(format('%s is %s at the provider, asked was %s', p.key,
                                coalesce(c."values" ->> p.key, 'null'), coalesce(p.value, 'null')), '; ' ORDER BY p.key) AS told,
              coalesce(jsonb_object_agg(p.key, jsonb_build_object('asked', p.value, 'shown', c."values" ->> p.key)), '{}')
                  AS figures
         FROM jsonb_each_text(u.patch) p
        WHERE u.state = 'applied' AND c."values" ->> p.key IS DISTINCT FROM p.value) f ON true
 WHERE u.state = 'held' OR (u.state = 'unknown' AND s.since <= syncd.now() - interval '5 min')
    OR (u.seen_at IS NULL AND (u.state = 'rejected' OR (u.state = 'applied' AND u.confirmation = 'different')));

-- Every state that an update reached and every search for what it may have made, when, why and by whom.
CREATE VIEW report.update_events AS
SELECT e.id, a.name AS account, e.update_id, e.at, e.was, e.state, e.code, e.message, e.by, e.batch_id, e.holds,
       e.merged
  FROM syncd.update_events e JOIN syncd.accounts a ON a.id = e.account_id;

CREATE VIEW report.plans AS
SELECT p.id, a.name AS account, p.hash, p.items, p.document, p.made_at, p.made_by, p.expires_at
  FROM syncd.plans p JOIN syncd.accounts a ON a.id = p.account_id;

CREATE VIEW report.approvals AS
SELECT p.id, a.name AS account, p.update_id, p.path, p.digest, p.approved_by, p.session_user_name, p.approved_at,
       p.expires_at, p.plan_hash, p.reason, p.covers
  FROM syncd.approvals p JOIN syncd.accounts a ON a.id = p.account_id;

-- The owner's limits.
CREATE VIEW report.caps AS
SELECT a.name AS account, c.path, c.max_amount, c.max_factor, c.max_increase, c.activations, c.set_by, c.set_at
  FROM syncd.caps c JOIN syncd.accounts a ON a.id = c.account_id;

CREATE OR REPLACE VIEW report.update_attempts AS
SELECT t.update_id, t.batch_id, b.operation, b.http_status, t.outcome, t.code, t.message, t.trace_id,
       b.sent_at, b.answered_at, a.name AS account, t.external_id, t.sent, t.remote, t.warnings,
       encode(b.body_sha256, 'hex') AS body_sha256, b.epoch, b.run_id, b.request
  FROM syncd.attempts t
  JOIN syncd.batches b ON b.account_id = t.account_id AND b.id = t.batch_id
  JOIN syncd.accounts a ON a.id = t.account_id;

-- The state of an account is the first of these that fits; cause and remedy are of that one.
CREATE OR REPLACE VIEW report.account_health AS
SELECT a.name AS account, a.provider, s.state,
       CASE s.state WHEN 'paused' THEN a.paused_at WHEN 'braked' THEN s.trouble_at WHEN 'partial' THEN s.trouble_at
                    WHEN 'other dialect' THEN a.dialect_seen_at ELSE a.failing_since END AS since,
       CASE s.state
            WHEN 'paused' THEN 'paused by ' || coalesce(a.paused_by, 'somebody') || coalesce(': ' || nullif(a.paused_reason, ''), '')
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
       coalesce(c.gone, 0) AS gone, a.dialect, a.dialect_seen, a.last_braked_absent AS braked_absent, a.accepted_until,
       a.paused_at, a.paused_by, a.paused_reason, a.resumed_at, a.resumed_by, a.resumed_reason
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

CREATE VIEW report.services AS
SELECT s.host, s.version, s.started_at, s.seen_at FROM syncd.services s;

-- What the command line asks for whoever may only ask or only decide, and so reads no view.

-- The accounts, with what can be changed there; the door of the queue says as much when it refuses.
CREATE FUNCTION syncd.offered() RETURNS TABLE (
    id integer, name text, provider text, dialect text, complete_at timestamptz, paused_at timestamptz,
    is_configured boolean, can_create boolean, free_guards text[], evidence text, fields jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.id, a.name, a.provider, a.dialect, a.complete_at, a.paused_at, a.is_configured, a.can_create,
           a.free_guards, a.evidence,
           coalesce(jsonb_agg(to_jsonb(f) || jsonb_build_object('least', f.least::text) ORDER BY f.path)
                    FILTER (WHERE f.path IS NOT NULL), '[]')
      FROM syncd.accounts a LEFT JOIN syncd.fields f ON f.provider = a.provider AND f.dialect = a.dialect
     GROUP BY a.id ORDER BY a.name
$$;

-- These updates as the view has them: to whoever reads it or may decide about them, to others what they asked for.
CREATE FUNCTION syncd.shown_updates(ids bigint[]) RETURNS SETOF report.updates
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.* FROM report.updates u, (SELECT syncd.may_decide() OR syncd.may_read() AS is_all) m
     WHERE u.id = ANY (ids) AND (m.is_all OR u.asked_by = session_user)
$$;

-- What the last approval of each of these updates let through, with what that was held for.
CREATE FUNCTION syncd.shown_approvals(ids bigint[]) RETURNS TABLE (
    update_id bigint, path text, approved_by text, expires_at timestamptz, remote text, hits jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.update_id, p.path, p.approved_by, p.expires_at, h.hold ->> 'remote', coalesce(h.hold -> 'hits', '[]')
      FROM syncd.approvals p
     CROSS JOIN LATERAL (SELECT max(o.approved_at) AS at FROM syncd.approvals o
                          WHERE o.account_id = p.account_id AND o.update_id = p.update_id) last
      LEFT JOIN LATERAL (
           SELECT e.holds -> p.path AS hold FROM syncd.update_events e
            WHERE e.account_id = p.account_id AND e.update_id = p.update_id
              AND e.holds #>> ARRAY[p.path, 'digest'] = p.digest
            ORDER BY e.id DESC LIMIT 1) h ON true
     WHERE p.update_id = ANY (ids) AND p.approved_at = last.at
$$;

-- Those of these creates whose call had no answer: tried again they may make a second campaign.
CREATE FUNCTION syncd.unclear_creates(ids bigint[]) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id FROM syncd.updates u
     WHERE u.id = ANY (ids) AND u.is_create AND u.external_id IS NULL AND EXISTS (
           SELECT FROM syncd.attempts t WHERE t.account_id = u.account_id AND t.update_id = u.id
              AND coalesce(t.outcome, 'unknown') = 'unknown')
     ORDER BY u.id
$$;

-- The newest plan of each hash that begins so; nobody finds one whose hash he was not given.
CREATE FUNCTION syncd.shown_plans(prefix text) RETURNS TABLE (
    hash text, account text, items jsonb, document jsonb, made_at timestamptz, made_by text, expires_at timestamptz,
    is_expired boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.hash, a.name, p.items, p.document, p.made_at, p.made_by, p.expires_at,
           p.expires_at <= (SELECT syncd.now())
      FROM (SELECT DISTINCT ON (q.hash) q.* FROM syncd.plans q
             WHERE prefix ~ '^[0-9a-f]{6,32}$' AND starts_with(q.hash, prefix) ORDER BY q.hash, q.id DESC) p
      JOIN syncd.accounts a ON a.id = p.account_id
$$;
