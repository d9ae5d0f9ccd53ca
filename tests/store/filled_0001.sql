-- What a service of the first version leaves behind: three campaigns, one of them missing, their history, and
-- updates in several states.
INSERT INTO syncd.accounts (id, name, provider, dialect, currency, settle, pull_schedule, push_schedule, complete_at,
                            last_batch)
VALUES (1, 'shop', 'criteo', 'documented', 'EUR', '120 s', '*/15 * * * *', '@on_enqueue', now() - interval '5 h', 90);
ALTER SEQUENCE syncd.accounts_id_seq RESTART WITH 2;
ALTER SEQUENCE syncd.ids RESTART WITH 1000;
INSERT INTO syncd.leases (account_id) VALUES (1);
INSERT INTO syncd.fields VALUES ('criteo', 'budget.daily', 'amount', true, true, 2, 'PATCH campaigns', '');
INSERT INTO syncd.runs (account_id, id, kind, outcome, counts, ended_at, started_by, owner, epoch)
VALUES (1, 10, 'pull', 'ok', '{"seen": 3, "new": 3, "changed": 0, "moved": 0, "unchanged": 0, "skipped": 0, "bad": 0}',
        now(), 'service', 'host', 1),
       (1, 11, 'push', 'open', '{}', NULL, 'service', 'host', 1);
INSERT INTO syncd.run_errors VALUES (1, 10, 12, 'd', 'bad-row', 'not readable', '?');
INSERT INTO syncd.campaigns (account_id, external_id, name, status, status_seen, part, currency, is_default, "values",
                             raw, raw_digest, fingerprint, first_seen_at, changed_at, read_at, last_batch, missing_since)
SELECT 1, id, 'Campaign ' || id, 'none', 'unknown', '10', 'EUR', false, jsonb_build_object('budget.daily', daily),
       'raw', 'digest', 'print', now() - interval '9 h', now() - interval '9 h', now() - interval '9 h', batch, missing
  FROM (VALUES ('a', '100', 90, NULL), ('b', '100', 0, now() - interval '5 h'), ('c', '100', 91, NULL))
       AS c(id, daily, batch, missing);
INSERT INTO syncd.campaign_versions (account_id, external_id, version, valid_from, run_id, name, currency, "values")
SELECT account_id, external_id, 1, changed_at, 10, name, currency, "values" FROM syncd.campaigns;
INSERT INTO syncd.field_changes (account_id, external_id, path, old, new, origin, seen_at, run_id)
VALUES (1, 'a', 'budget.daily', '90', '100', 'provider', now() - interval '9 h', 10);
INSERT INTO syncd.staging (account_id, run_id, external_id, mark, read_at, name, status, status_seen, is_default,
                           "values", raw, raw_digest, fingerprint)
VALUES (1, 11, 'x', 0, now(), 'x', 'none', 'unknown', false, '{}', 'r', 'd', 'f');
INSERT INTO syncd.updates (account_id, id, external_id, patch, reference, reference_source, policy, requester,
                           created_at, due_at)
SELECT 1, id, campaign, jsonb_build_object('budget.daily', daily), '{"budget.daily": "100"}', 'mirror', 'hold', 'ann',
       now() - interval '1 h', now() - interval '1 h'
  FROM (VALUES (100, 'a', '50'), (101, 'a', '60'), (102, 'b', '70'), (103, 'c', '80')) AS u(id, campaign, daily);
INSERT INTO syncd.batches (account_id, id, run_id, operation, items, body_sha256, epoch, sent_at)
SELECT 1, id, 11, 'PATCH campaigns', '[]', sha256('body'), 1, now() - interval '10 min'
  FROM (VALUES (90), (91)) AS b(id);
INSERT INTO syncd.attempts (account_id, batch_id, update_id, external_id, sent, remote)
VALUES (1, 90, 100, 'a', '{"budget.daily": "50"}', '{"budget.daily": "100"}'),
       (1, 91, 103, 'c', '{"budget.daily": "80"}', '{"budget.daily": "100"}');
UPDATE syncd.updates SET state = 'sending', batch_id = 90 WHERE id = 100;
UPDATE syncd.updates SET state = 'sending', batch_id = 91 WHERE id = 103;
UPDATE syncd.updates SET state = 'applied', settled_at = now() - interval '10 min',
       results = '{"budget.daily": {"outcome": "applied", "code": null, "message": null, "trace_id": null}}'
 WHERE id = 100;
UPDATE syncd.updates SET state = 'unknown', read_after = now() - interval '5 min',
       results = '{"budget.daily": {"outcome": "unknown"}}' WHERE id = 103;
UPDATE syncd.updates SET state = 'held', reason_code = 'conflict', reason = 'moved' WHERE id = 102;
INSERT INTO syncd.request_usage VALUES (1, 'PATCH campaigns', date_trunc('hour', now()), 2);
