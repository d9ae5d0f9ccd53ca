-- The one door into the queue.

-- A patch in its canonical form: every path in its one spelling with its value. With `is_new` the account's own
-- rules are asked too; a key that was used already is answered whatever they have become since.
CREATE FUNCTION syncd.checked_patch(account syncd.accounts, patch jsonb, is_create boolean, is_new boolean)
    RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted jsonb := '{}';
    field  syncd.fields%ROWTYPE;
    entry  record;
    a_path text;
    a_text text;
    absent text;
BEGIN
    FOR entry IN SELECT e.key AS path, e.value FROM jsonb_each(patch) e LOOP
        field := syncd.offered_field(account, entry.path, is_create);
        a_path := syncd.canonical_path(entry.path, field);
        IF wanted ? a_path THEN
            RAISE EXCEPTION '"%" stands in the patch twice', a_path
                USING ERRCODE = 'SY004', HINT = 'give one value for it';
        END IF;
        a_text := syncd.checked_value(field, a_path, entry.value);
        IF is_new THEN
            PERFORM syncd.check_allowed(account, field, a_path, a_text);
        END IF;
        wanted := wanted || jsonb_build_object(a_path, a_text);
    END LOOP;
    PERFORM syncd.check_unlimited(wanted);
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
    RETURN wanted;
END $$;

-- What the requester saw, each value as `expect` gives it, in the form in which it is compared.
CREATE FUNCTION syncd.checked_expect(account syncd.accounts, expect jsonb, wanted jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen   jsonb := '{}';
    field  syncd.fields%ROWTYPE;
    entry  record;
    a_path text;
BEGIN
    IF jsonb_typeof(expect) <> 'object' THEN
        RAISE EXCEPTION 'expect must be an object of path and value' USING ERRCODE = 'SY004',
            HINT = 'such as {"budget.daily": "100"}';
    END IF;
    FOR entry IN SELECT e.key AS path, e.value, e.value #>> '{}' AS written FROM jsonb_each(expect) e LOOP
        field := syncd.field_of(account.provider, account.dialect, entry.path);
        a_path := CASE WHEN field.path IS NULL THEN entry.path ELSE syncd.canonical_path(entry.path, field) END;
        IF NOT wanted ? a_path THEN
            RAISE EXCEPTION 'expect names a path that the patch does not change' USING ERRCODE = 'SY004',
                HINT = 'give the value that you saw for each path of the patch';
        END IF;
        seen := seen || jsonb_build_object(a_path, CASE
            WHEN entry.value = 'null' THEN NULL
            WHEN field.kind = 'json' THEN syncd.checked_json(a_path, entry.value)
            WHEN field.kind IN ('amount', 'number', 'count') AND entry.written ~ '^-?[0-9]{1,14}(\.[0-9]{1,14})?$'
                THEN trim_scale(entry.written::numeric)::text
            ELSE entry.written END);
    END LOOP;
    RETURN seen;
END $$;

-- What the mirror has of these paths. A readable one that a known campaign does not show is null, not unknown.
CREATE FUNCTION syncd.shown_values(account syncd.accounts, known syncd.campaigns, wanted jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen   jsonb := '{}';
    a_path text;
BEGIN
    IF known.external_id IS NULL THEN
        RETURN seen;
    END IF;
    FOR a_path IN SELECT * FROM jsonb_object_keys(wanted) LOOP
        IF known."values" ? a_path OR (syncd.field_of(account.provider, account.dialect, a_path)).is_readable THEN
            seen := seen || jsonb_build_object(a_path, known."values" -> a_path);
        END IF;
    END LOOP;
    RETURN seen;
END $$;

-- The campaign that a change is for. Before the account's first complete pull any id is taken and waits for it.
CREATE FUNCTION syncd.wanted_campaign(account syncd.accounts, campaign text, is_new boolean) RETURNS syncd.campaigns
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    known syncd.campaigns%ROWTYPE;
BEGIN
    SELECT * INTO known FROM syncd.campaigns c WHERE c.account_id = account.id AND c.external_id = campaign;
    IF NOT FOUND AND account.complete_at IS NOT NULL AND is_new THEN
        RAISE EXCEPTION 'unknown campaign "%" in account %', campaign, account.name USING ERRCODE = 'SY002',
            HINT = format('the last complete pull (%s) did not show it; syncd campaigns list --account %s',
                          syncd.shown_time(account.complete_at), account.name);
    ELSIF known.gone_at IS NOT NULL AND is_new THEN
        RAISE EXCEPTION 'campaign "%" in account % is deleted at the provider since %', campaign, account.name,
            syncd.shown_time(known.gone_at) USING ERRCODE = 'SY002',
            HINT = format('known from: %s; syncd campaigns history %s %s', known.gone_by, account.name, campaign);
    END IF;
    RETURN known;
END $$;

-- For SQL, the command line and files alike; nobody but the owner may insert past it. Returns the update's id; the
-- same key with the same patch returns the id that it had, whatever became of it. Without a campaign it creates one.
CREATE OR REPLACE FUNCTION syncd.enqueue(
    account text, campaign text, patch jsonb, expect jsonb DEFAULT NULL, key text DEFAULT NULL,
    policy text DEFAULT 'hold', not_before timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
    requester text DEFAULT NULL, reason text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- A file fills an empty table in one transaction: a plan that was made for the empty one must not go through
-- all of it for each line.
SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    owner     syncd.accounts := syncd.known_account(enqueue.account);
    known     syncd.campaigns%ROWTYPE;
    earlier   syncd.updates%ROWTYPE;
    is_create boolean := enqueue.campaign IS NULL;
    a_key     text := enqueue.key;
    made      timestamptz := syncd.now();
    due       timestamptz := greatest(made, enqueue.not_before);
    expiry    timestamptz := enqueue.expires_at;
    source    text := 'none';
    is_new    boolean;
    wanted    jsonb;
    seen      jsonb;
    new_id    bigint;
BEGIN
    SELECT NOT EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = owner.id AND u.key = a_key) INTO is_new;
    IF is_create AND is_new AND NOT owner.can_create THEN
        RAISE EXCEPTION 'creating campaigns is not offered for % in account %', owner.provider, owner.name
            USING ERRCODE = 'SY002', HINT = 'name an existing campaign';
    ELSIF enqueue.patch IS NULL OR jsonb_typeof(enqueue.patch) <> 'object' OR enqueue.patch = '{}' THEN
        RAISE EXCEPTION 'the patch must be an object of path and value' USING ERRCODE = 'SY004',
            HINT = 'such as {"budget.daily": "120.50"}';
    ELSIF coalesce(enqueue.policy, 'hold') <> 'hold' THEN
        RAISE EXCEPTION 'unknown policy "%"', enqueue.policy USING ERRCODE = 'SY004', HINT = 'the policy is "hold"';
    ELSIF is_create AND enqueue.expect IS NOT NULL THEN
        RAISE EXCEPTION 'expect says what a campaign showed, and this one is to be created'
            USING ERRCODE = 'SY004', HINT = 'leave expect out';
    ELSIF expiry <= due AND is_new THEN
        RAISE EXCEPTION 'it would expire before it is due' USING ERRCODE = 'SY004',
            HINT = 'expires_at must lie after now and after not_before';
    END IF;
    wanted := syncd.checked_patch(owner, enqueue.patch, is_create, is_new);
    IF NOT is_create THEN
        known := syncd.wanted_campaign(owner, enqueue.campaign, is_new);
        seen := syncd.shown_values(owner, known, wanted);
        IF enqueue.expect IS NOT NULL THEN
            source := 'requester';
            seen := seen || syncd.checked_expect(owner, enqueue.expect, wanted);
        ELSIF known.external_id IS NOT NULL THEN
            source := 'mirror';
        END IF;
    END IF;
    IF wanted ->> 'status' = 'active' THEN
        expiry := coalesce(expiry, greatest(due + interval '1 h', due + 2 * owner.push_interval));
    END IF;
    INSERT INTO syncd.updates (account_id, external_id, is_create, patch, reference, reference_source, key, policy,
                               requester, request_reason, created_at, not_before, expires_at, due_at)
    VALUES (owner.id, enqueue.campaign, is_create, wanted, CASE WHEN source <> 'none' THEN seen END, source, a_key,
            'hold', coalesce(enqueue.requester, session_user), enqueue.reason, made, enqueue.not_before, expiry, due)
    -- Of two callers with one key at once the second waits here, and then finds the first one's row.
    ON CONFLICT (account_id, key) DO NOTHING
    RETURNING id INTO new_id;
    IF new_id IS NULL THEN
        SELECT * INTO earlier FROM syncd.updates u WHERE u.account_id = owner.id AND u.key = a_key;
        IF (earlier.is_create, earlier.patch) <> (is_create, wanted)
           OR (NOT is_create AND earlier.external_id <> enqueue.campaign) THEN
            RAISE EXCEPTION 'key "%" was used for another change, update %', a_key, earlier.id
                USING ERRCODE = 'SY006', HINT = 'use a new key for a new change';
        END IF;
        RETURN earlier.id;
    END IF;
    RETURN new_id;
END $$;
