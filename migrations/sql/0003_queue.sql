-- The one door into the queue. What a person may approve is no longer refused here: the push holds it, with figures.

DROP FUNCTION syncd.check_allowed(syncd.accounts, syncd.fields, text, text);
DROP FUNCTION syncd.check_unlimited(jsonb);
DROP FUNCTION syncd.guard_of(syncd.fields, text);

-- The owner's largest amount, which nobody can approve past.
CREATE FUNCTION syncd.check_capped(account syncd.accounts, patch jsonb, is_create boolean) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    told text;
BEGIN
    IF NOT EXISTS (SELECT FROM syncd.caps c WHERE c.account_id = account.id) THEN
        RETURN;
    END IF;
    SELECT b.told INTO told FROM jsonb_each_text(patch) p
     CROSS JOIN LATERAL (SELECT syncd.cap_breach(account, p.key, NULL, p.value, patch)) b(told)
     WHERE b.told IS NOT NULL ORDER BY p.key LIMIT 1;
    IF is_create THEN
        told := coalesce(told, syncd.create_breach(account, patch));
    END IF;
    IF told IS NOT NULL THEN
        RAISE EXCEPTION '%', told USING ERRCODE = 'SY005',
            HINT = format('the owner sets the caps of account %s: syncd db caps list', account.name);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION syncd.checked_patch(account syncd.accounts, patch jsonb, is_create boolean, is_new boolean)
    RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted jsonb := '{}';
    field  syncd.fields%ROWTYPE;
    entry  record;
    a_path text;
    absent text;
BEGIN
    FOR entry IN SELECT e.key AS path, e.value FROM jsonb_each(patch) e LOOP
        field := syncd.offered_field(account, entry.path, is_create);
        a_path := syncd.canonical_path(entry.path, field);
        IF wanted ? a_path THEN
            RAISE EXCEPTION '"%" stands in the patch twice', a_path
                USING ERRCODE = 'SY004', HINT = 'give one value for it';
        END IF;
        wanted := wanted || jsonb_build_object(a_path, syncd.checked_value(field, a_path, entry.value));
    END LOOP;
    IF is_create THEN
        SELECT string_agg(f.path, ', ' ORDER BY f.path) INTO absent FROM syncd.fields f
         WHERE f.provider = account.provider AND f.dialect = account.dialect AND f.is_required
           AND NOT EXISTS (SELECT FROM jsonb_object_keys(wanted) k
                            WHERE k = f.path OR (right(f.path, 2) = '.*' AND starts_with(k, left(f.path, -1))));
        IF absent IS NOT NULL THEN
            RAISE EXCEPTION 'a new campaign needs %', absent USING ERRCODE = 'SY004', HINT = (
                SELECT format('%s can create with: %s', account.provider, string_agg(f.path, ', ' ORDER BY f.path))
                  FROM syncd.fields f
                 WHERE f.provider = account.provider AND f.dialect = account.dialect AND f.is_creatable);
        END IF;
    ELSIF wanted ? 'deleted' AND wanted <> '{"deleted": "true"}' THEN
        RAISE EXCEPTION '"deleted" stands alone in its patch' USING ERRCODE = 'SY004',
            HINT = 'queue the other changes by themselves, or none of them';
    END IF;
    IF is_new THEN
        PERFORM syncd.check_capped(account, wanted, is_create);
    END IF;
    RETURN wanted;
END $$;

-- Where values that the mirror shows came from, by path: our own last write of the path, if it put just this there.
-- Of a campaign for which a thousand changes are queued only those with a result are looked at: `updates_with_results`.
CREATE FUNCTION syncd.sources_of(known syncd.campaigns, seen jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_object_agg(s.key, CASE WHEN l.value IS NOT DISTINCT FROM s.value AND l.id IS NOT NULL
                                                     THEN 'update ' || l.id ELSE 'mirror' END), '{}')
          FROM jsonb_each(seen) s
          LEFT JOIN LATERAL (
               SELECT u.id, u.patch -> s.key AS value FROM syncd.updates u
                WHERE u.account_id = known.account_id AND u.external_id = known.external_id
                  AND u.results <> '{}' AND u.results #>> ARRAY[s.key, 'outcome'] = 'applied'
                ORDER BY syncd.result_at(u, s.key) DESC, u.id DESC LIMIT 1) l ON true);
END $$;

-- The policy asked for, else the account's.
CREATE FUNCTION syncd.checked_policy(account syncd.accounts, policy text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF policy NOT IN ('hold', 'ours', 'theirs') THEN
        RAISE EXCEPTION 'unknown policy "%"', policy USING ERRCODE = 'SY004', HINT =
            'when somebody else changed the value: "hold" asks a person, "ours" sends, "theirs" gives way';
    END IF;
    RETURN coalesce(policy, account.policy);
END $$;

-- The update that was queued under this key. No other index than that of the keys may serve: a plan made for an empty
-- table, where all cost the same, would go through the account for every line of a file.
CREATE FUNCTION syncd.keyed(account syncd.accounts, wanted text) RETURNS syncd.updates LANGUAGE plpgsql AS $$
DECLARE
    earlier syncd.updates%ROWTYPE;
BEGIN
    SELECT * INTO earlier FROM syncd.updates u WHERE u.key = wanted AND u.account_id + 0 = account.id;
    RETURN earlier;
END $$;

CREATE OR REPLACE FUNCTION syncd.enqueue(
    account text, campaign text, patch jsonb, expect jsonb DEFAULT NULL, key text DEFAULT NULL,
    policy text DEFAULT NULL, not_before timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
    requester text DEFAULT NULL, reason text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- A file fills an empty table in one transaction: a plan that was made for the empty one must not go through
-- all of it for each line, nor be compiled because such a scan counts as costly beyond all measure.
SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    owner     syncd.accounts := syncd.known_account(enqueue.account);
    known     syncd.campaigns%ROWTYPE;
    earlier   syncd.updates := syncd.keyed(owner, enqueue.key);
    is_create boolean := enqueue.campaign IS NULL;
    a_key     text := enqueue.key;
    made      timestamptz := syncd.now();
    due       timestamptz := greatest(made, enqueue.not_before);
    expiry    timestamptz := enqueue.expires_at;
    a_policy  text := syncd.checked_policy(owner, enqueue.policy);
    source    text := 'none';
    sources   jsonb := '{}';
    expected  jsonb;
    is_new    boolean := earlier.id IS NULL;
    wanted    jsonb;
    seen      jsonb;
    new_id    bigint;
BEGIN
    IF is_create AND is_new AND NOT owner.can_create THEN
        RAISE EXCEPTION 'creating campaigns is not offered for % in account %', owner.provider, owner.name
            USING ERRCODE = 'SY002', HINT = 'name an existing campaign';
    ELSIF enqueue.patch IS NULL OR jsonb_typeof(enqueue.patch) <> 'object' OR enqueue.patch = '{}' THEN
        RAISE EXCEPTION 'the patch must be an object of path and value' USING ERRCODE = 'SY004',
            HINT = 'such as {"budget.daily": "120.50"}';
    ELSIF is_create AND enqueue.expect IS NOT NULL THEN
        RAISE EXCEPTION 'expect says what a campaign showed, and this one is to be created'
            USING ERRCODE = 'SY004', HINT = 'leave expect out';
    ELSIF greatest(due, expiry) >= '9999-01-01' AND is_new THEN
        RAISE EXCEPTION 'not_before and expires_at lie before the year 9999' USING ERRCODE = 'SY004',
            HINT = 'leave expires_at out where it never expires';
    ELSIF expiry <= due AND is_new THEN
        RAISE EXCEPTION 'it would expire before it is due' USING ERRCODE = 'SY004',
            HINT = 'expires_at must lie after now and after not_before';
    END IF;
    wanted := syncd.checked_patch(owner, enqueue.patch, is_create, is_new);
    IF NOT is_create THEN
        known := syncd.wanted_campaign(owner, enqueue.campaign, is_new);
        seen := syncd.shown_values(owner, known, wanted);
        sources := syncd.sources_of(known, seen);
        IF enqueue.expect IS NOT NULL THEN
            source := 'requester';
            expected := syncd.checked_expect(owner, enqueue.expect, wanted);
            seen := seen || expected;
            sources := sources || (SELECT coalesce(jsonb_object_agg(e.path, 'requester'), '{}')
                                     FROM jsonb_object_keys(expected) e(path));
        ELSIF known.external_id IS NOT NULL THEN
            source := 'mirror';
        END IF;
    END IF;
    IF wanted ->> 'status' = 'active' THEN
        expiry := coalesce(expiry, greatest(due + interval '1 h', due + 2 * owner.push_interval));
    END IF;
    INSERT INTO syncd.updates (account_id, external_id, is_create, patch, reference, reference_source,
                               reference_sources, key, policy, requester, asked_by, request_reason, created_at,
                               not_before, expires_at, due_at)
    VALUES (owner.id, enqueue.campaign, is_create, wanted, CASE WHEN source <> 'none' THEN seen END, source, sources,
            a_key, a_policy, coalesce(enqueue.requester, session_user), syncd.actor(enqueue.requester), enqueue.reason,
            made, enqueue.not_before, expiry, due)
    -- Of two callers with one key at once the second waits here, and then finds the first one's row.
    ON CONFLICT (account_id, key) DO NOTHING
    RETURNING id INTO new_id;
    IF new_id IS NULL THEN
        earlier := syncd.keyed(owner, a_key);
        IF (earlier.is_create, earlier.patch) <> (is_create, wanted)
           OR (NOT is_create AND earlier.external_id <> enqueue.campaign) THEN
            RAISE EXCEPTION 'key "%" was used for another change, update %', a_key, earlier.id
                USING ERRCODE = 'SY006', HINT = 'use a new key for a new change';
        END IF;
        RETURN earlier.id;
    END IF;
    RETURN new_id;
END $$;

-- For a file: each of its lines may be tried in a subtransaction. Had each to lock its account's row for the foreign
-- key, the lock would grow by a member a line; held by the transaction itself, it is there already.
CREATE FUNCTION syncd.hold_accounts(accounts text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM syncd.accounts a WHERE a.name = ANY (accounts) ORDER BY a.id FOR KEY SHARE;
END $$;
