-- What a person may do about an update or an account: let through, try again, take back, take note, stop.

-- An update for the length of one act, locked, or an error.
CREATE FUNCTION syncd.known_update(wanted bigint) RETURNS syncd.updates LANGUAGE plpgsql AS $$
DECLARE
    found_update syncd.updates%ROWTYPE;
BEGIN
    SELECT * INTO found_update FROM syncd.updates u WHERE u.id = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown update %', wanted
            USING ERRCODE = 'SY002', HINT = 'syncd updates list shows the open ones';
    END IF;
    RETURN found_update;
END $$;

-- The newest plan whose hash begins so.
CREATE FUNCTION syncd.known_plan(prefix text) RETURNS syncd.plans LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_plan syncd.plans%ROWTYPE;
BEGIN
    IF prefix IS NULL OR prefix !~ '^[0-9a-f]{6,32}$' THEN
        RAISE EXCEPTION '"%" is not the hash of a plan', syncd.cut(prefix) USING ERRCODE = 'SY004',
            HINT = 'give the first six or more of its digits, as syncd plan --save shows them';
    ELSIF (SELECT count(DISTINCT p.hash) FROM syncd.plans p WHERE starts_with(p.hash, prefix)) > 1 THEN
        RAISE EXCEPTION 'more than one plan begins with %', prefix
            USING ERRCODE = 'SY004', HINT = 'give more of its digits';
    END IF;
    SELECT * INTO found_plan FROM syncd.plans p WHERE starts_with(p.hash, prefix) ORDER BY p.id DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown plan %', prefix
            USING ERRCODE = 'SY002', HINT = 'syncd plan --save keeps one';
    END IF;
    RETURN found_plan;
END $$;

-- The same, for an act that relies on it.
CREATE FUNCTION syncd.valid_plan(prefix text) RETURNS syncd.plans LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_plan syncd.plans := syncd.known_plan(prefix);
BEGIN
    IF found_plan.expires_at <= syncd.now() THEN
        RAISE EXCEPTION 'plan % expired at %', left(found_plan.hash, 12), syncd.shown_time(found_plan.expires_at)
            USING ERRCODE = 'SY007', HINT = 'make a new one: syncd plan --save';
    END IF;
    RETURN found_plan;
END $$;

-- The later update that has set all that is still open of this one, null where anything of it may yet go out: an
-- older value never follows a newer one.
CREATE FUNCTION syncd.overtaken_by(u syncd.updates) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN bool_and(l.id IS NOT NULL) THEN max(l.id) END
      FROM jsonb_object_keys(syncd.open_part(u.patch, u.results)) p(path)
      LEFT JOIN LATERAL (
           SELECT o.id FROM syncd.updates o
            WHERE o.account_id = u.account_id AND o.external_id = u.external_id AND (o.due_at, o.id) > (u.due_at, u.id)
              AND o.results <> '{}' AND o.results #>> ARRAY[p.path, 'outcome'] = 'applied'
            ORDER BY o.due_at DESC, o.id DESC LIMIT 1) l ON true
$$;

-- Whoever asked for an update, or for one that it tries again.
CREATE FUNCTION syncd.askers(u syncd.updates) RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH RECURSIVE chain AS (
        SELECT u.retry_of, u.asked_by
         UNION ALL
        SELECT o.retry_of, o.asked_by FROM chain c JOIN syncd.updates o ON o.account_id = u.account_id AND o.id = c.retry_of)
    SELECT array_agg(c.asked_by) FROM chain c
$$;

-- The command, or what else has to be done, that ends what holds an update.
CREATE FUNCTION syncd.resolving_command(u syncd.updates, a syncd.accounts) RETURNS text LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ways   text[] := ARRAY(SELECT DISTINCT h ->> 'way' FROM jsonb_path_query(coalesce(u.holds, '{}'), '$.*.hits[*]') h);
    again  text := 'syncd updates retry ' || u.id;
    later  bigint;
    mended text;
BEGIN
    IF u.state <> 'held' THEN
        RETURN NULL;
    ELSIF u.reason_code = 'create_unresolved' OR (u.is_create AND u.batch_id IS NOT NULL AND ways = '{}') THEN
        RETURN format('look at the provider, then: syncd updates cancel %s (or, when it is certain that none was made: %s)',
                      u.id, again);
    END IF;
    later := syncd.overtaken_by(u);
    IF later IS NOT NULL THEN
        RETURN format('update %s came later and was applied: syncd updates cancel %s', later, u.id);
    END IF;
    mended := CASE
        WHEN u.reason_code = 'dialect_mismatch' OR jsonb_path_exists(u.holds, '$.*.hits[*] ? (@.rule == "dialect_mismatch")')
             THEN syncd.dialect_remedy(a)
        WHEN 'itself' = ANY (ways) THEN format('write currency = "..." under account %s in the configuration', a.name) END;
    RETURN CASE
        WHEN 'cap' = ANY (ways) THEN format('let the owner raise the cap (syncd db caps list --account %s shows it), then: %s', a.name, again)
        WHEN 'retry' = ANY (ways) THEN 'mend the cause, then: ' || again
        WHEN mended IS NOT NULL AND ways && '{approve}' THEN mended || '; then: ' || again
        WHEN u.reason_code <> 'dialect_mismatch' AND mended IS NOT NULL THEN mended || '; what is held then goes out by itself'
        WHEN mended IS NOT NULL THEN mended
        WHEN 'approve' = ANY (ways) THEN 'syncd updates approve ' || u.id
        WHEN u.batch_id IS NULL THEN again
        ELSE format('look at the provider, then: %s (or: syncd updates cancel %s)', again, u.id) END;
END $$;

-- Why this person may not let these items ({path: {"remote", "hits"}}) of an update through, null where he may.
CREATE FUNCTION syncd.objection(u syncd.updates, a syncd.accounts, who text, items jsonb, OUT message text, OUT hint text)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    hit jsonb;
BEGIN
    SELECT h INTO hit FROM jsonb_path_query(items, '$.*.hits[*]') h WHERE h ->> 'way' <> 'approve' LIMIT 1;
    IF NOT jsonb_path_exists(coalesce(items, '{}'), '$.*.hits[*]') THEN
        message := format('nothing of update %s can be approved: %s', u.id, coalesce(u.reason, u.reason_code));
        hint := syncd.resolving_command(u, a);
    ELSIF hit IS NOT NULL THEN
        message := format('update %s cannot be approved: %s', u.id, hit ->> 'message');
        hint := coalesce(syncd.resolving_command(u, a), 'mend the cause first');
    ELSIF syncd.overtaken_by(u) IS NOT NULL THEN
        message := format('update %s of the same campaign came later than %s and was applied', syncd.overtaken_by(u), u.id);
        hint := format('syncd updates cancel %s; where its value is still wanted, queue it anew', u.id);
    ELSIF a.four_eyes AND who = ANY (syncd.askers(u)) THEN
        message := format('%s asked for update %s, and somebody else has to approve it', who, u.id);
        hint := format('four_eyes is set for account %s', a.name);
    ELSE
        SELECT b.told, 'nobody can approve past the owner''s caps: syncd db caps list' INTO message, hint
          FROM jsonb_each(items) i
         CROSS JOIN (SELECT jsonb_object_agg(s.key, s.value -> 'remote') AS shown FROM jsonb_each(items) s) was
         CROSS JOIN LATERAL (SELECT syncd.cap_breach(a, i.key, was.shown, u.patch ->> i.key, u.patch)) b(told)
         WHERE b.told IS NOT NULL ORDER BY i.key LIMIT 1;
    END IF;
END $$;

-- The digests of what an item meets.
CREATE FUNCTION syncd.hit_digests(item jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT DISTINCT h ->> 'digest' FROM jsonb_path_query(item, '$.hits[*]') h ORDER BY 1);

-- Whether an update is held for anything that these items ({path: {"hits"}}) do not show.
CREATE FUNCTION syncd.meets_more(holds jsonb, items jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN EXISTS (SELECT FROM jsonb_each(holds) h
                    WHERE NOT syncd.hit_digests(h.value) <@ syncd.hit_digests(items -> h.key));

-- Keep that these items were approved.
CREATE FUNCTION syncd.keep_approvals(u syncd.updates, items jsonb, who text, valid_for interval, plan_hash text,
                                     reason text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO syncd.approvals (account_id, update_id, path, digest, covers, approved_by, approved_at, expires_at,
                                 plan_hash, reason)
    SELECT u.account_id, u.id, i.key, i.value ->> 'digest', syncd.hit_digests(i.value), who, n.at, n.at + valid_for, keep_approvals.plan_hash,
           keep_approvals.reason
      FROM jsonb_each(items) i, (SELECT syncd.now() AS at) n
     WHERE jsonb_path_exists(i.value, '$.hits[*]') ORDER BY i.key
$$;

-- A held update back in the queue.
CREATE FUNCTION syncd.requeue(u syncd.updates, who text, code text, said text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM syncd.act_as(who);
    UPDATE syncd.updates q SET state = 'queued', reason_code = code, reason = said, repeats = 0, searches = 0
     WHERE q.account_id = u.account_id AND q.id = u.id;
    PERFORM syncd.act_as(NULL), pg_notify('syncd_updates', u.account_id::text);
END $$;

CREATE FUNCTION syncd.by_whom(who text, reason text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN 'by ' || who || coalesce(': ' || nullif(reason, ''), '');

CREATE FUNCTION syncd.check_span(valid_for interval) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF valid_for IS NULL OR valid_for <= interval '0' OR valid_for > interval '10 years' THEN
        RAISE EXCEPTION 'an approval has to hold for some time, at most ten years' USING ERRCODE = 'SY004', HINT = 'such as 24 h';
    END IF;
END $$;

-- Let a held update through, just as it is held. With a plan only what that plan showed.
CREATE FUNCTION syncd.approve(update_id bigint, requester text DEFAULT NULL, reason text DEFAULT NULL,
                              valid_for interval DEFAULT '24 h', plan text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted syncd.updates := syncd.known_update(update_id);
    owner  syncd.accounts;
    shown  syncd.plans;
    who    text := syncd.actor(requester);
    why    record;
BEGIN
    PERFORM syncd.check_span(valid_for);
    SELECT * INTO owner FROM syncd.accounts a WHERE a.id = wanted.account_id;
    IF wanted.state <> 'held' THEN
        RAISE EXCEPTION 'update % is %; only what is held can be approved', wanted.id, wanted.state
            USING ERRCODE = 'SY007', HINT = CASE WHEN wanted.state = 'queued'
                THEN 'approve what a plan shows of it: syncd plan --save, then syncd updates approve --plan HASH'
                ELSE 'syncd updates list --state inbox' END;
    END IF;
    SELECT * INTO why FROM syncd.objection(wanted, owner, who, wanted.holds);
    IF why.message IS NOT NULL THEN
        RAISE EXCEPTION '%', why.message USING ERRCODE = 'SY007', HINT = why.hint;
    END IF;
    IF plan IS NOT NULL THEN
        shown := syncd.valid_plan(plan);
        IF syncd.meets_more(wanted.holds, syncd.planned_items(shown.items, wanted.id)) THEN
            RAISE EXCEPTION 'what update % meets has changed since plan % was made', wanted.id, left(shown.hash, 12)
                USING ERRCODE = 'SY007', HINT = 'make a new one: syncd plan --save';
        END IF;
    END IF;
    PERFORM syncd.keep_approvals(wanted, wanted.holds, who, valid_for, shown.hash, reason);
    PERFORM syncd.requeue(wanted, who, 'approved', syncd.by_whom(who, reason));
END $$;

-- What a plan showed of one update, as an update keeps what it is held for.
CREATE FUNCTION syncd.planned_items(items jsonb, wanted bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE
    RETURN (SELECT coalesce(jsonb_object_agg(i ->> 'path', i), '{}') FROM jsonb_array_elements(items) i
             WHERE (i ->> 'update')::bigint = wanted);

-- One update of a plan: what of it is approved, and why the rest drops out.
CREATE FUNCTION syncd.approve_planned(shown syncd.plans, wanted bigint, who text, reason text, valid_for interval)
    RETURNS SETOF syncd.plan_outcome LANGUAGE plpgsql AS $$
DECLARE
    u     syncd.updates;
    owner syncd.accounts;
    items jsonb := syncd.planned_items(shown.items, wanted);
    met   jsonb;
    why   text;
BEGIN
    SELECT jsonb_object_agg(i.key, i.value) INTO met FROM jsonb_each(items) i
     WHERE jsonb_path_exists(i.value, '$.hits[*]');
    IF met IS NOT NULL THEN
        SELECT * INTO u FROM syncd.updates q WHERE q.account_id = shown.account_id AND q.id = wanted FOR UPDATE;
        SELECT * INTO owner FROM syncd.accounts a WHERE a.id = shown.account_id;
        SELECT o.message INTO why FROM syncd.objection(u, owner, who, met) o;
        IF u.id IS NULL OR u.state NOT IN ('queued', 'held') THEN
            why := format('update %s is %s by now', wanted, coalesce(u.state::text, 'unknown'));
        ELSIF u.state = 'held' AND (u.holds IS NULL OR syncd.meets_more(u.holds, met)) THEN
            why := 'what it meets has changed since the plan was made';
        END IF;
        IF why IS NULL THEN
            PERFORM syncd.keep_approvals(u, met, who, valid_for, shown.hash, reason);
            IF u.state = 'held' THEN
                PERFORM syncd.requeue(u, who, 'approved', syncd.by_whom(who, reason));
            END IF;
        END IF;
    END IF;
    RETURN QUERY SELECT wanted, i.key,
           CASE WHEN NOT coalesce(met ? i.key, false) THEN 'not_needed' WHEN why IS NULL THEN 'approved' ELSE 'dropped' END,
           CASE WHEN NOT coalesce(met ? i.key, false) THEN 'it meets no rule' ELSE why END
      FROM jsonb_each(items) i ORDER BY i.key;
END $$;

-- Let through what a plan showed, item by item; one that is different by now drops out alone.
CREATE FUNCTION syncd.approve_plan(plan text, requester text DEFAULT NULL, reason text DEFAULT NULL,
                                   valid_for interval DEFAULT '24 h') RETURNS SETOF syncd.plan_outcome
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shown  syncd.plans := syncd.valid_plan(plan);
    who    text := syncd.actor(requester);
    wanted bigint;
BEGIN
    PERFORM syncd.check_span(valid_for);
    FOR wanted IN SELECT DISTINCT (i ->> 'update')::bigint FROM jsonb_array_elements(shown.items) i ORDER BY 1 LOOP
        RETURN QUERY SELECT * FROM syncd.approve_planned(shown, wanted, who, reason, valid_for);
    END LOOP;
END $$;

-- Try again: a held update goes back to the queue, for a final one a new update asks for what it did not reach.
-- Returns the number of the update that will be sent.
CREATE FUNCTION syncd.retry(update_id bigint, requester text DEFAULT NULL, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted syncd.updates := syncd.known_update(update_id);
    who    text := syncd.actor(requester);
    other  record;
    new_id bigint;
BEGIN
    IF wanted.state = 'held' THEN
        PERFORM syncd.requeue(wanted, who, 'retried', syncd.by_whom(who, reason));
        RETURN wanted.id;
    ELSIF wanted.state = 'queued' THEN
        RAISE EXCEPTION 'update % is queued already', wanted.id
            USING ERRCODE = 'SY007', HINT = format('syncd updates show %s says what it waits for', wanted.id);
    ELSIF wanted.state IN ('sending', 'unknown') THEN
        RAISE EXCEPTION 'update % is %: whether it was done is being found out', wanted.id, wanted.state
            USING ERRCODE = 'SY007', HINT = 'look again after the next pass';
    ELSIF wanted.is_create AND wanted.external_id IS NOT NULL THEN
        RAISE EXCEPTION 'update % has made campaign %', wanted.id, wanted.external_id
            USING ERRCODE = 'SY007', HINT = 'queue a change of that campaign';
    END IF;
    IF wanted.is_create THEN
        WITH RECURSIVE again AS (
            SELECT wanted.id AS id
             UNION SELECT u.id FROM syncd.updates u JOIN again ON u.retry_of = again.id
                    WHERE u.account_id = wanted.account_id)
        SELECT u.id, u.state INTO other FROM again JOIN syncd.updates u USING (id)
         WHERE u.account_id = wanted.account_id AND u.state NOT IN ('rejected', 'superseded', 'cancelled', 'expired')
         ORDER BY u.id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'update % was tried again as update %, which is %', wanted.id, other.id, other.state
                USING ERRCODE = 'SY007', HINT = 'another try would make a second campaign';
        END IF;
    END IF;
    SELECT syncd.enqueue(a.name, wanted.external_id,
                         CASE WHEN wanted.state = 'applied' THEN wanted.patch
                              ELSE (SELECT jsonb_object_agg(p.key, p.value) FROM jsonb_each(wanted.patch) p
                                     WHERE wanted.results #>> ARRAY[p.key, 'outcome'] IS DISTINCT FROM 'applied') END,
                         policy => wanted.policy, requester => who,
                         reason => coalesce(retry.reason, 'retry of update ' || wanted.id))
      INTO new_id FROM syncd.accounts a WHERE a.id = wanted.account_id;
    UPDATE syncd.updates u SET retry_of = wanted.id WHERE u.account_id = wanted.account_id AND u.id = new_id;
    RETURN new_id;
END $$;

-- A person has taken note of what went wrong.
CREATE FUNCTION syncd.seen(update_id bigint, requester text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted syncd.updates := syncd.known_update(update_id);
    who    text := syncd.actor(requester);
BEGIN
    IF NOT (wanted.state IN ('rejected', 'expired') OR (wanted.state = 'applied' AND wanted.confirmation = 'different')) THEN
        RAISE EXCEPTION 'update % is %; there is nothing to take note of', wanted.id, wanted.state USING ERRCODE = 'SY007',
            HINT = CASE WHEN wanted.state = 'held' THEN 'approve it, try it again or cancel it'
                        ELSE 'syncd updates list --state inbox' END;
    END IF;
    UPDATE syncd.updates u SET seen_at = syncd.now(), seen_by = who
     WHERE u.account_id = wanted.account_id AND u.id = wanted.id AND u.seen_at IS NULL;
END $$;

-- Take an update back. Who may only ask takes back what he asked for himself.
CREATE OR REPLACE FUNCTION syncd.cancel(update_id bigint, requester text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted syncd.updates := syncd.known_update(update_id);
    who    text := syncd.actor(requester);
BEGIN
    IF wanted.asked_by <> who AND NOT syncd.may_decide() THEN
        RAISE EXCEPTION 'update % was asked for by %', wanted.id, wanted.asked_by
            USING ERRCODE = 'SY007', HINT = 'let them cancel it, or somebody with the role syncd_approve';
    END IF;
    PERFORM syncd.act_as(who);
    UPDATE syncd.updates u
       SET state = 'cancelled', settled_at = syncd.now(), reason_code = 'cancelled',
           reason = 'by ' || who || syncd.already_applied(u.results)
                    || CASE WHEN syncd.is_unresolved(u) THEN '; what became of its last call was not found out' ELSE '' END
     WHERE u.account_id = wanted.account_id AND u.id = wanted.id;
    PERFORM syncd.act_as(NULL);
END $$;

-- Stop every pass of an account, or of all: nothing is sent any more. Returns how many were stopped. What has been
-- stopped stays stopped until it is resumed; who stopped it first stays named.
-- Locked in the order in which a starting process registers them, whatever the database's own order of names is.
CREATE FUNCTION syncd.pause(account text DEFAULT NULL, requester text DEFAULT NULL, reason text DEFAULT NULL)
    RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who     text := syncd.actor(requester);
    stopped integer := 0;
    more    integer;
BEGIN
    IF account IS NOT NULL THEN
        PERFORM syncd.known_account(account);
    END IF;
    LOOP
        WITH chosen AS (
            SELECT a.id FROM syncd.accounts a WHERE (account IS NULL OR a.name = account) AND a.paused_at IS NULL
             ORDER BY a.name COLLATE "C" FOR NO KEY UPDATE)
        UPDATE syncd.accounts a SET paused_at = syncd.now(), paused_by = who, paused_reason = pause.reason
          FROM chosen c WHERE a.id = c.id AND a.paused_at IS NULL;
        GET DIAGNOSTICS more = ROW_COUNT;
        stopped := stopped + more;
        -- Again: whatever this has waited for may have added an account, which only a new look shows.
        EXIT WHEN more = 0;
    END LOOP;
    RETURN stopped;
END $$;

CREATE FUNCTION syncd.resume(account text DEFAULT NULL, requester text DEFAULT NULL, reason text DEFAULT NULL)
    RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who     text := syncd.actor(requester);
    resumed integer[];
BEGIN
    IF account IS NOT NULL THEN
        PERFORM syncd.known_account(account);
    END IF;
    WITH chosen AS (
        SELECT a.id FROM syncd.accounts a WHERE (account IS NULL OR a.name = account) AND a.paused_at IS NOT NULL
         ORDER BY a.name COLLATE "C" FOR NO KEY UPDATE),
    running AS (
        UPDATE syncd.accounts a
           SET paused_at = NULL, paused_by = NULL, paused_reason = NULL,
               resumed_at = syncd.now(), resumed_by = who, resumed_reason = resume.reason
          FROM chosen c WHERE a.id = c.id AND a.paused_at IS NOT NULL RETURNING a.id)
    SELECT array_agg(r.id) INTO resumed FROM running r;
    PERFORM pg_notify('syncd_updates', one::text) FROM unnest(resumed) one;
    RETURN coalesce(cardinality(resumed), 0);
END $$;

-- What runs beside a write, and what acts with the owner's rights, finds the same names whoever calls it.
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT p.oid FROM pg_proc p
                WHERE p.pronamespace = 'syncd'::regnamespace AND (p.prosecdef OR p.prorettype = 'trigger'::regtype) LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', one);
    END LOOP;
END $$;
