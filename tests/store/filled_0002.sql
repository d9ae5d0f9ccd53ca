-- What a service of the second version leaves behind, beside what the first one did: updates that were held, refused,
-- taken over in part or are to create, and a campaign that is gone.
UPDATE syncd.accounts SET can_create = true, free_guards = '{start}', scope = '1', scope_since = now() - interval '5 h';
INSERT INTO syncd.campaigns (account_id, external_id, name, status, status_seen, part, currency, is_default, "values",
                             raw, raw_digest, fingerprint, first_seen_at, changed_at, read_at, gone_at, gone_by)
VALUES (1, 'd', 'Campaign d', 'none', 'unknown', '10', 'EUR', false, '{"deleted": "true"}', 'raw', 'digest', 'print',
        now() - interval '9 h', now() - interval '9 h', now() - interval '9 h', now() - interval '1 h', 'ann');
INSERT INTO syncd.updates (account_id, id, external_id, is_create, patch, reference, reference_source, policy, requester,
                           created_at, due_at)
SELECT 1, id, campaign, campaign IS NULL, patch, seen, source, 'hold', 'ben', now() - interval '1 h', now() - interval '1 h'
  FROM (VALUES (200, 'b', '{"budget.daily": "5"}'::jsonb, '{"budget.daily": "100"}'::jsonb, 'requester'),
               (201, 'a', '{"budget.daily": "7", "budget.monthly": "8"}', '{"budget.daily": "100"}', 'mirror'),
               (202, 'a', '{"budget.daily": "9"}', '{"budget.daily": "100"}', 'mirror'),
               (203, NULL, '{"name": "New", "budget.daily": "5"}', NULL, 'none')) AS u(id, campaign, patch, seen, source);
UPDATE syncd.updates SET state = 'held', reason_code = 'dialect_mismatch', reason = 'other' WHERE id = 200;
UPDATE syncd.updates SET state = 'rejected', settled_at = now() - interval '5 min', reason_code = 'bad', reason = 'no',
       results = '{"budget.daily": {"outcome": "rejected", "code": "bad"}}' WHERE id = 202;
UPDATE syncd.updates SET results = '{"budget.daily": {"outcome": "superseded", "superseded_by": 202}}' WHERE id = 201;
