-- Rules that hold for every role and every door: who acts, what happened, the owner's caps.

ALTER FUNCTION syncd.is_served() SET search_path = pg_catalog, pg_temp;

-- These three are asked for every line of a file. In plpgsql they are planned once a session; as SQL functions they
-- would be at every call. Found by its key, because the queue's door turns sequential scans off.
CREATE OR REPLACE FUNCTION syncd.now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN clock_timestamp() + (SELECT c.shift FROM syncd.clock c WHERE c.one);
END $$;

-- Whether who is logged in may speak for others: the service, and whoever owns all this.
CREATE FUNCTION syncd.is_trusted() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_roles r
                    WHERE (r.rolname = 'syncd_service'
                           OR r.oid = (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'syncd'))
                      AND pg_has_role(session_user, r.oid, 'MEMBER'));
END $$;

-- Whether who is logged in may decide about what others asked for.
CREATE FUNCTION syncd.may_decide() RETURNS boolean LANGUAGE sql STABLE
    RETURN syncd.is_trusted() OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'syncd_approve'
                                           AND pg_has_role(session_user, r.oid, 'MEMBER'));

-- Whether who is logged in reads the views.
CREATE FUNCTION syncd.may_read() RETURNS boolean LANGUAGE sql STABLE
    RETURN syncd.is_trusted() OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'syncd_report'
                                           AND pg_has_role(session_user, r.oid, 'MEMBER'));

-- The name under which an act is recorded: the one given, where it may be believed, else the database's user.
CREATE FUNCTION syncd.actor(claimed text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN claimed <> '' AND syncd.is_trusted() THEN claimed ELSE session_user END;
END $$;

-- For the length of one act, and for the events that come of it.
CREATE FUNCTION syncd.act_as(who text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('syncd.actor', coalesce(who, ''), true);
END $$;

CREATE FUNCTION syncd.note_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was syncd.update_state := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END;
BEGIN
    INSERT INTO syncd.update_events (account_id, update_id, at, was, state, code, message, by, batch_id, holds, merged)
    VALUES (NEW.account_id, NEW.id, syncd.now(), was, NEW.state, NEW.reason_code,
            CASE WHEN TG_OP = 'INSERT' THEN NEW.request_reason ELSE NEW.reason END,
            CASE WHEN TG_OP = 'INSERT' THEN NEW.asked_by
                 ELSE coalesce(nullif(current_setting('syncd.actor', true), ''), session_user) END,
            CASE WHEN NEW.state = 'sending' OR was IN ('sending', 'unknown') THEN NEW.batch_id END, NEW.holds,
            CASE WHEN TG_OP = 'UPDATE' AND OLD.merged IS DISTINCT FROM NEW.merged THEN NEW.merged END);
    RETURN NULL;
END $$;
CREATE TRIGGER updates_begun AFTER INSERT ON syncd.updates
    FOR EACH ROW EXECUTE FUNCTION syncd.note_event();
CREATE TRIGGER updates_moved AFTER UPDATE ON syncd.updates
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state OR NEW.searches > OLD.searches
                       OR OLD.merged IS DISTINCT FROM NEW.merged)
    EXECUTE FUNCTION syncd.note_event();

CREATE TRIGGER update_events_append_only BEFORE UPDATE OR DELETE ON syncd.update_events
    FOR EACH ROW EXECUTE FUNCTION syncd.refuse_change();
CREATE TRIGGER approvals_append_only BEFORE UPDATE OR DELETE ON syncd.approvals
    FOR EACH ROW EXECUTE FUNCTION syncd.refuse_change();
CREATE TRIGGER plans_append_only BEFORE UPDATE OR DELETE ON syncd.plans
    FOR EACH ROW EXECUTE FUNCTION syncd.refuse_change();

-- Nor emptied at once.
DO $$ DECLARE one text; BEGIN
    FOREACH one IN ARRAY '{field_changes,campaign_versions,updates,attempts,batches,update_events,approvals,plans}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_not_emptied BEFORE TRUNCATE ON syncd.%1$s'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION syncd.refuse_change()', one);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION syncd.check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = NEW.state THEN
        IF OLD.state IN ('applied', 'rejected', 'superseded', 'cancelled', 'expired')
           AND (OLD.results, OLD.settled_at, OLD.superseded_by, OLD.reason_code, OLD.reason)
               IS DISTINCT FROM
               (NEW.results, NEW.settled_at, NEW.superseded_by, NEW.reason_code, NEW.reason) THEN
            RAISE EXCEPTION 'update % is % and final; its result cannot be changed', OLD.id, OLD.state
                USING ERRCODE = 'SY010', HINT = 'queue a new update instead';
        END IF;
    ELSIF (OLD.state::text, NEW.state::text) NOT IN (
        ('queued', 'sending'), ('queued', 'held'), ('queued', 'applied'), ('queued', 'rejected'),
        ('queued', 'superseded'), ('queued', 'cancelled'), ('queued', 'expired'),
        ('sending', 'applied'), ('sending', 'rejected'), ('sending', 'unknown'), ('sending', 'queued'),
        ('unknown', 'applied'), ('unknown', 'queued'), ('unknown', 'held'), ('unknown', 'expired'),
        ('held', 'queued'), ('held', 'superseded'), ('held', 'cancelled'), ('held', 'expired')) THEN
        RAISE EXCEPTION 'update % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'SY010', HINT = CASE
                WHEN OLD.state IN ('sending', 'unknown') THEN 'its outcome is being found out; look again after the next pass'
                ELSE 'queue a new update instead' END;
    END IF;
    IF (OLD.id, OLD.account_id, OLD.is_create, OLD.patch, OLD.created_at, OLD.requester, OLD.key,
        OLD.asked_by, OLD.policy, OLD.reference, OLD.reference_sources)
       IS DISTINCT FROM
       (NEW.id, NEW.account_id, NEW.is_create, NEW.patch, NEW.created_at, NEW.requester, NEW.key,
        NEW.asked_by, NEW.policy, NEW.reference, NEW.reference_sources)
       -- What a create made becomes known once, with the answer to its call or with a read after that.
       OR (OLD.external_id IS DISTINCT FROM NEW.external_id
           AND NOT (OLD.external_id IS NULL AND OLD.state IN ('sending', 'unknown'))) THEN
        RAISE EXCEPTION 'what update % asks for cannot be changed', OLD.id
            USING ERRCODE = 'SY010', HINT = 'cancel it and queue a new one';
    END IF;
    IF OLD.results <> '{}' AND OLD.results IS DISTINCT FROM NEW.results AND EXISTS (
        SELECT FROM jsonb_each(OLD.results) r
         WHERE syncd.is_settled(r.value) AND NEW.results -> r.key IS DISTINCT FROM r.value) THEN
        RAISE EXCEPTION 'a result of update % is final and cannot be changed', OLD.id
            USING ERRCODE = 'SY010', HINT = 'queue a new update instead';
    END IF;
    IF NEW.state <> 'held' THEN
        NEW.holds := NULL;
    END IF;
    -- What a call said of a path and a person was to decide, is decided with the update.
    IF NEW.state IN ('cancelled', 'expired') AND OLD.state <> NEW.state THEN
        NEW.results := NEW.results || (
            SELECT coalesce(jsonb_object_agg(r.key, r.value || jsonb_build_object('outcome', NEW.state, 'at', NEW.settled_at)), '{}')
              FROM jsonb_each(NEW.results) r WHERE NOT syncd.is_settled(r.value));
    END IF;
    RETURN NEW;
END $$;

-- What a call is about to say, and to whom, cannot be rewritten once it is recorded.
CREATE FUNCTION syncd.check_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what attempt % of update % sent cannot be changed', OLD.batch_id, OLD.update_id
        USING ERRCODE = 'SY011', HINT = 'history is never edited';
END $$;
CREATE TRIGGER attempts_sent BEFORE UPDATE ON syncd.attempts
    FOR EACH ROW WHEN ((OLD.account_id, OLD.batch_id, OLD.update_id, OLD.external_id, OLD.sent, OLD.remote)
                       IS DISTINCT FROM
                       (NEW.account_id, NEW.batch_id, NEW.update_id, NEW.external_id, NEW.sent, NEW.remote))
    EXECUTE FUNCTION syncd.check_sent();

-- A value as a number, null where it is a word.
CREATE FUNCTION syncd.figure(written text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN written ~ '^-?[0-9]+(\.[0-9]+)?$' THEN written::numeric END;

-- By how much a budget rises; one that had no limit falls.
CREATE FUNCTION syncd.rise(path text, before text, wanted text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN starts_with(path, 'budget.') AND (before IS NULL OR syncd.figure(before) IS NOT NULL)
                THEN greatest(coalesce(syncd.figure(wanted) - coalesce(syncd.figure(before), 0), 0), 0) ELSE 0 END;

-- A change of the period lifts one limit and sets another, which was none before, in the same write.
CREATE FUNCTION syncd.moves_the_limit(patch jsonb, shown jsonb, path text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN EXISTS (SELECT FROM jsonb_each_text(patch) p
                    WHERE p.key <> path AND starts_with(p.key, 'budget.') AND syncd.figure(p.value) IS NOT NULL
                      AND syncd.figure(shown ->> p.key) IS NULL);

-- Paths that are money whatever `syncd.fields` says, which the service writes.
CREATE FUNCTION syncd.is_money(path text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN path ~ '^(budget\.|price\.amount$|price\.country\.|price\.action\.)';

-- Why the owner's table does not allow this change of a path, null where it does; `shown` is what stood there of the
-- campaign, `beside` all that changes with it. The cap of the path itself comes before those of its stems, the one for
-- all comes last; of what stands below a stem only money is meant. A limit that is lifted is more than any amount, times any factor.
CREATE FUNCTION syncd.cap_breach(account syncd.accounts, path text, shown jsonb, wanted text, beside jsonb) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    before text := shown ->> path;
    amount numeric := syncd.figure(wanted);
    was    numeric := syncd.figure(before);
    cap    record;
BEGIN
    SELECT (array_agg(c.max_amount ORDER BY c.path = cap_breach.path DESC, length(c.path) DESC)
                FILTER (WHERE c.max_amount IS NOT NULL))[1] AS most,
           (array_agg(c.max_factor ORDER BY c.path = cap_breach.path DESC, length(c.path) DESC)
                FILTER (WHERE c.max_factor IS NOT NULL))[1] AS factor,
           max(c.max_increase) AS increase INTO cap
      FROM syncd.caps c
     WHERE c.account_id = account.id AND (
           c.path = cap_breach.path
           OR ((c.path = '*' OR (right(c.path, 2) = '.*' AND starts_with(cap_breach.path, left(c.path, -1))))
               AND (syncd.is_money(cap_breach.path) OR coalesce(
                    (syncd.field_of(account.provider, account.dialect, cap_breach.path)).kind = 'amount',
                    starts_with(cap_breach.path, 'price.')))));
    IF amount > cap.most THEN
        RETURN format('%s: %s is above the owner''s cap, %s', path, wanted, trim_scale(cap.most));
    ELSIF wanted = 'unlimited' AND NOT syncd.moves_the_limit(beside, shown, path) THEN
        IF cap.most IS NOT NULL THEN
            RETURN format('%s: "unlimited" is above the owner''s cap, %s', path, trim_scale(cap.most));
        ELSIF was IS NOT NULL AND coalesce(cap.factor, cap.increase) IS NOT NULL THEN
            RETURN format('%s: from %s to unlimited is above the owner''s cap, %s', path, before,
                          coalesce(trim_scale(cap.factor) || ' times as much',
                                   trim_scale(cap.increase) || ' more within an hour'));
        END IF;
    ELSIF amount IS NULL AND wanted <> 'unlimited' AND coalesce(cap.most, cap.factor) IS NOT NULL THEN
        RETURN format('%s: %s is no amount that the owner''s cap could be set against', path, syncd.cut(wanted));
    ELSIF amount > was AND amount > was * cap.factor THEN
        RETURN format('%s: from %s to %s is more than %s times as much, the owner''s cap', path, before, wanted,
                      trim_scale(cap.factor));
    END IF;
    RETURN NULL;
END $$;

-- The same for a create that gives no budget, where budgets can be given: it has no limit.
CREATE FUNCTION syncd.create_breach(account syncd.accounts, patch jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('no budget is given, and a campaign without a limit is above the owner''s cap, %s', trim_scale(min(c.max_amount)))
      FROM syncd.caps c
     WHERE c.account_id = account.id AND (c.path = '*' OR starts_with(c.path, 'budget.'))
       AND NOT EXISTS (SELECT FROM jsonb_object_keys(patch) k(path) WHERE starts_with(k.path, 'budget.'))
       AND (starts_with(c.path, 'budget.') OR EXISTS (
            SELECT FROM syncd.fields f
             WHERE f.provider = account.provider AND f.dialect = account.dialect AND f.is_creatable
               AND starts_with(f.path, 'budget.')))
    HAVING min(c.max_amount) IS NOT NULL
$$;

-- What of an attempt counts as done, by path: all, unless it was refused; then what a read showed as taken all the same.
CREATE FUNCTION syncd.counted(t syncd.attempts, u syncd.updates) RETURNS jsonb LANGUAGE sql STABLE
    RETURN CASE t.outcome WHEN 'not_judged' THEN '{}'
                WHEN 'rejected' THEN (SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}') FROM jsonb_each(t.sent) s
                                       WHERE u.results #>> ARRAY[s.key, 'outcome'] = 'applied')
                ELSE t.sent END;

-- What counts within a window: everything that was sent since and not refused. A start is a status that becomes
-- active, a rise is in the currency of the campaign. A create has no external_id: it changes no campaign.
CREATE FUNCTION syncd.sent_since(account integer, since timestamptz)
    RETURNS TABLE (batch_id bigint, update_id bigint, external_id text, currency text, starts integer, rise numeric)
    LANGUAGE sql STABLE AS $$
    SELECT t.batch_id, t.update_id, t.external_id,
           CASE WHEN c.external_id IS NULL THEN a.currency ELSE c.currency END,
           (k.sent ->> 'status' = 'active' AND t.remote ->> 'status' IS DISTINCT FROM 'active')::integer,
           (SELECT coalesce(sum(syncd.rise(s.key, t.remote ->> s.key, s.value)), 0) FROM jsonb_each_text(k.sent) s)
      FROM syncd.batches b
      JOIN syncd.attempts t ON t.account_id = b.account_id AND t.batch_id = b.id
      JOIN syncd.updates u ON u.account_id = t.account_id AND u.id = t.update_id
      JOIN syncd.accounts a ON a.id = b.account_id
     CROSS JOIN LATERAL (SELECT syncd.counted(t, u) AS sent) k
      LEFT JOIN syncd.campaigns c ON c.account_id = u.account_id AND c.external_id = u.external_id
     WHERE b.account_id = account AND b.sent_at > since AND k.sent <> '{}'
$$;

-- Why these attempts would go beyond what the owner allows within an hour, null where they do not.
CREATE FUNCTION syncd.window_breach(account integer, batches bigint[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    cap  syncd.caps%ROWTYPE;
    told text;
BEGIN
    SELECT * INTO cap FROM syncd.caps c WHERE c.account_id = account AND c.path = '*';
    IF coalesce(cap.activations::numeric, cap.max_increase) IS NULL THEN
        RETURN NULL;
    END IF;
    WITH sent AS (SELECT s.*, s.batch_id = ANY (batches) AS is_new
                    FROM syncd.sent_since(account, syncd.now() - interval '1 h') s)
    SELECT format('it would be start %s within an hour; the owner''s cap is %s', sum(s.starts), cap.activations)
      INTO told FROM sent s
    HAVING sum(s.starts) > cap.activations AND sum(s.starts) FILTER (WHERE s.is_new) > 0;
    IF told IS NULL THEN
        SELECT format('budgets would rise by %s %s within an hour; the owner''s cap is %s', trim_scale(sum(s.rise)),
                      coalesce(s.currency, '(currency unknown)'), trim_scale(cap.max_increase))
          INTO told
          FROM (SELECT s.*, s.batch_id = ANY (batches) AS is_new
                  FROM syncd.sent_since(account, syncd.now() - interval '1 h') s) s
         GROUP BY s.currency
        HAVING sum(s.rise) > cap.max_increase AND sum(s.rise) FILTER (WHERE s.is_new) > 0 LIMIT 1;
    END IF;
    RETURN told;
END $$;

-- No door gets around the owner's caps: nothing is sent without an attempt, whoever writes it. The time that counts is
-- the one at which it is written, not the one that its call claims.
CREATE FUNCTION syncd.check_caps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner syncd.accounts%ROWTYPE;
    told  text;
BEGIN
    FOR owner IN SELECT a.* FROM syncd.accounts a
                  WHERE a.id IN (SELECT n.account_id FROM added n)
                    AND EXISTS (SELECT FROM syncd.caps c WHERE c.account_id = a.id)
                  ORDER BY a.id FOR NO KEY UPDATE LOOP
        -- Whoever still sees the account as it was before another's attempts cannot count them, and fails here.
        UPDATE syncd.accounts a SET last_batch = a.last_batch WHERE a.id = owner.id;
        UPDATE syncd.batches b SET sent_at = syncd.now()
         WHERE b.account_id = owner.id AND b.id IN (SELECT n.batch_id FROM added n WHERE n.account_id = owner.id);
        -- Which campaign a row is about says its update.
        WITH mine AS MATERIALIZED (
            SELECT n.batch_id, n.sent, n.remote, u.external_id IS NULL AS is_new, coalesce(u.external_id, '+' || u.id) AS place
              FROM added n JOIN syncd.updates u ON u.account_id = n.account_id AND u.id = n.update_id
             WHERE n.account_id = owner.id)
        SELECT coalesce(min(b.told), min(syncd.create_breach(owner, n.sent)) FILTER (WHERE n.is_new)) INTO told
          FROM (SELECT n.*, (SELECT jsonb_object_agg(o.key, o.value) FROM mine m, jsonb_each(m.sent) o
                              WHERE m.batch_id = n.batch_id AND m.place = n.place) AS beside,
                       (SELECT jsonb_object_agg(o.key, o.value) FROM mine m, jsonb_each(m.remote) o
                         WHERE m.batch_id = n.batch_id AND m.place = n.place) AS shown
                  FROM mine n) n
          LEFT JOIN LATERAL jsonb_each_text(n.sent) s ON true
         CROSS JOIN LATERAL (SELECT syncd.cap_breach(owner, s.key, n.shown, s.value, n.beside)) b(told);
        told := coalesce(told, syncd.window_breach(owner.id, ARRAY(
            SELECT DISTINCT n.batch_id FROM added n WHERE n.account_id = owner.id)));
        IF told IS NOT NULL THEN
            RAISE EXCEPTION '%', told USING ERRCODE = 'SY005',
                HINT = format('the owner sets the caps of account %s: syncd db caps list', owner.name);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER attempts_capped AFTER INSERT ON syncd.attempts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION syncd.check_caps();

-- From when on a held update may go back to the queue by itself, null where a person has to decide: every cause of it
-- is gone, or has a time at which it ends.
CREATE FUNCTION syncd.released_at(u syncd.updates, a syncd.accounts) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_spoken boolean := coalesce(a.dialect_seen, a.dialect) = a.dialect;
    has_money boolean := CASE WHEN u.external_id IS NULL THEN a.currency
                              ELSE (SELECT c.currency FROM syncd.campaigns c
                                     WHERE c.account_id = u.account_id AND c.external_id = u.external_id) END IS NOT NULL;
BEGIN
    IF u.state <> 'held' THEN
        RETURN NULL;
    ELSIF NOT jsonb_path_exists(coalesce(u.holds, '{}'), '$.*.hits[*]') THEN
        RETURN CASE WHEN u.reason_code = 'dialect_mismatch' AND is_spoken THEN u.due_at END;
    END IF;
    RETURN (SELECT CASE WHEN bool_and(t.at IS NOT NULL) THEN max(t.at) END
              FROM jsonb_path_query(u.holds, '$.*.hits[*]') h
             CROSS JOIN LATERAL (SELECT CASE
                   WHEN h #>> '{figures,until}' IS NOT NULL THEN (h #>> '{figures,until}')::timestamptz
                   WHEN h ->> 'rule' = 'dialect_mismatch' AND is_spoken THEN u.due_at
                   WHEN h ->> 'rule' = 'currency-unknown' AND has_money THEN u.due_at END) t(at));
END $$;

CREATE FUNCTION syncd.is_releasable(u syncd.updates, a syncd.accounts) RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce(syncd.released_at(u, a) <= syncd.now(), false);

-- Whether all that would hold an update has been approved just so.
CREATE FUNCTION syncd.is_let_through(account integer, wanted bigint, holds jsonb) RETURNS boolean LANGUAGE sql STABLE
    RETURN jsonb_path_exists(holds, '$.*.hits[*]') AND NOT jsonb_path_exists(holds, '$.*.hits[*] ? (@.way <> "approve")')
       AND NOT EXISTS (
           SELECT FROM jsonb_path_query(holds, '$.*.hits[*]') h
            WHERE NOT EXISTS (SELECT FROM syncd.approvals v
                               WHERE v.account_id = account AND v.update_id = wanted
                                 AND h ->> 'digest' = ANY (v.covers) AND v.expires_at > syncd.now()));

-- Held because no read could tell what became of its last call: it may have been applied, and that is not over when
-- its time has passed.
CREATE FUNCTION syncd.is_unresolved(u syncd.updates) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN u.state = 'held' AND u.batch_id IS NOT NULL AND u.holds IS NULL
       AND u.reason_code IN ('conflict', 'undecidable', 'out_of_view', 'create_unresolved');

-- Whether a push ends it, because its time has passed and nothing of it is on its way.
CREATE FUNCTION syncd.is_past(u syncd.updates) RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce(u.expires_at <= syncd.now(), false) AND NOT syncd.is_unresolved(u);

-- When what the mirror shows of a campaign was read: the last complete pull saw an unchanged one too, unless a push
-- touched it after one of that pull's pages had left.
CREATE FUNCTION syncd.read_at(c syncd.campaigns, a syncd.accounts) RETURNS timestamptz LANGUAGE sql STABLE
    RETURN CASE WHEN c.missing_since IS NULL AND c.gone_at IS NULL AND c.last_batch <= a.complete_mark
                THEN greatest(c.read_at, a.complete_at) ELSE c.read_at END;

-- The newest of the updates that took over parts of this one, null where none did.
CREATE FUNCTION syncd.winner(results jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT max((r.value ->> 'superseded_by')::bigint) FROM jsonb_each(results) r);
CREATE FUNCTION syncd.superseded_code(winner bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN winner IS NULL THEN 'remote_wins' ELSE 'superseded' END;
CREATE FUNCTION syncd.superseded_words(winner bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN winner IS NULL THEN 'what somebody else put there stays' ELSE 'by update ' || winner END;
