-- Rules that hold for every role and every door: transitions, append-only history, the wake-up.

CREATE FUNCTION syncd.check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF (OLD.id, OLD.account_id, OLD.external_id, OLD.patch, OLD.created_at, OLD.requester, OLD.key)
       IS DISTINCT FROM
       (NEW.id, NEW.account_id, NEW.external_id, NEW.patch, NEW.created_at, NEW.requester, NEW.key) THEN
        RAISE EXCEPTION 'what update % asks for cannot be changed', OLD.id
            USING ERRCODE = 'SY010', HINT = 'cancel it and queue a new one';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER updates_transition BEFORE UPDATE ON syncd.updates
    FOR EACH ROW EXECUTE FUNCTION syncd.check_transition();

CREATE FUNCTION syncd.check_beginning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'queued' THEN
        RAISE EXCEPTION 'an update begins as queued, not as %', NEW.state USING ERRCODE = 'SY010';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER updates_beginning BEFORE INSERT ON syncd.updates
    FOR EACH ROW EXECUTE FUNCTION syncd.check_beginning();

CREATE FUNCTION syncd.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% keeps what was written to it', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'SY011', HINT = 'history is never edited';
END $$;
CREATE TRIGGER field_changes_append_only BEFORE UPDATE OR DELETE ON syncd.field_changes
    FOR EACH ROW EXECUTE FUNCTION syncd.refuse_change();
CREATE TRIGGER versions_stay BEFORE DELETE ON syncd.campaign_versions
    FOR EACH ROW EXECUTE FUNCTION syncd.refuse_change();
CREATE TRIGGER updates_stay BEFORE DELETE ON syncd.updates
    FOR EACH ROW EXECUTE FUNCTION syncd.refuse_change();
CREATE TRIGGER attempts_stay BEFORE DELETE ON syncd.attempts
    FOR EACH ROW EXECUTE FUNCTION syncd.refuse_change();

-- A closed version and an answered attempt are final as well.
CREATE FUNCTION syncd.check_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_TABLE_NAME = 'campaign_versions' AND to_jsonb(OLD) ->> 'valid_to' IS NOT NULL)
       OR (TG_TABLE_NAME = 'attempts' AND to_jsonb(OLD) ->> 'outcome' IN ('applied', 'rejected')) THEN
        RAISE EXCEPTION 'a settled row of %.% cannot be changed', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'SY011', HINT = 'history is never edited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER versions_closed BEFORE UPDATE ON syncd.campaign_versions
    FOR EACH ROW EXECUTE FUNCTION syncd.check_closed();
CREATE TRIGGER attempts_closed BEFORE UPDATE ON syncd.attempts
    FOR EACH ROW EXECUTE FUNCTION syncd.check_closed();

-- One wake-up a statement and account; a lost one loses nothing, the service looks by itself too.
CREATE FUNCTION syncd.wake_pushers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('syncd_updates', account_id::text) FROM (SELECT DISTINCT account_id FROM added) a;
    RETURN NULL;
END $$;
CREATE TRIGGER updates_wake AFTER INSERT ON syncd.updates
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION syncd.wake_pushers();

CREATE FUNCTION syncd.announce_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('syncd_leases', NEW.account_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER leases_release AFTER UPDATE ON syncd.leases
    FOR EACH ROW WHEN (OLD.owner IS NOT NULL AND NEW.owner IS NULL)
    EXECUTE FUNCTION syncd.announce_release();

-- One wanted value in its canonical form, or an error that names the place and the remedy.
CREATE FUNCTION syncd.checked_value(account syncd.accounts, path text, value jsonb) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    field   syncd.fields%ROWTYPE;
    written text := value #>> '{}';
    shown   text := CASE WHEN length(value #>> '{}') > 40 THEN left(value #>> '{}', 37) || '...' ELSE value #>> '{}' END;
    can     text;
BEGIN
    SELECT string_agg(f.path, ', ' ORDER BY f.path) INTO can
        FROM syncd.fields f WHERE f.provider = account.provider AND f.is_changeable;
    SELECT * INTO field FROM syncd.fields f WHERE f.provider = account.provider AND f.path = checked_value.path;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown path "%" for %', path, account.provider
            USING ERRCODE = 'SY003', HINT = format('%s can change: %s', account.provider, can);
    ELSIF NOT field.is_changeable THEN
        RAISE EXCEPTION '% cannot change "%"; it is read only there', account.provider, path
            USING ERRCODE = 'SY003', HINT = format('%s can change: %s', account.provider, can);
    ELSIF value = 'null' THEN
        RAISE EXCEPTION '%: null is not accepted', path
            USING ERRCODE = 'SY004', HINT = 'give a value, such as 120.50';
    ELSIF jsonb_typeof(value) NOT IN ('string', 'number') THEN
        RAISE EXCEPTION '%: % is not a value', path, shown
            USING ERRCODE = 'SY004', HINT = 'give one text or number';
    END IF;
    IF field.kind <> 'amount' THEN
        RETURN written;
    ELSIF written = 'unlimited' THEN
        RAISE EXCEPTION '%: "unlimited" is not accepted', path
            USING ERRCODE = 'SY004', HINT = 'lift a limit in the provider''s own interface; give an amount here';
    ELSIF written ~ '^-[0-9]' THEN
        RAISE EXCEPTION '%: "%" is negative; a budget is zero or more', path, shown
            USING ERRCODE = 'SY004', HINT = 'give an amount such as 120.50';
    ELSIF written !~ '^[0-9]{1,14}(\.[0-9]+)?$' THEN
        RAISE EXCEPTION '%: "%" is not an amount', path, shown
            USING ERRCODE = 'SY004',
                  HINT = 'write digits with one point and no grouping, at most 14 before the point, such as 120.50';
    ELSIF trim_scale(written::numeric) <> round(written::numeric, field.scale) THEN
        RAISE EXCEPTION '%: "%" has more than % decimals', path, shown, field.scale
            USING ERRCODE = 'SY004', HINT = format('%s keeps %s decimals of it', account.provider, field.scale);
    ELSIF written::numeric > account.max_amount THEN
        RAISE EXCEPTION '%: % is above this account''s largest amount, %', path, written, trim_scale(account.max_amount)
            USING ERRCODE = 'SY005', HINT = format('guard.max_amount of account %s allows at most %s', account.name, trim_scale(account.max_amount));
    END IF;
    RETURN trim_scale(written::numeric)::text;
END $$;

-- The one door into the queue, for SQL, the command line and files alike; nobody but the owner may insert
-- past it. Returns the update's id; the same
-- key with the same patch returns the id that it had, whatever became of it.
CREATE FUNCTION syncd.enqueue(
    account text, campaign text, patch jsonb, expect jsonb DEFAULT NULL, key text DEFAULT NULL,
    policy text DEFAULT 'hold', not_before timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
    requester text DEFAULT NULL, reason text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    owner     syncd.accounts%ROWTYPE;
    known     syncd.campaigns%ROWTYPE;
    earlier   syncd.updates%ROWTYPE;
    wanted    jsonb := '{}';
    seen      jsonb;
    source    text;
    made      timestamptz := syncd.now();
    new_id    bigint;
    entry     record;
    a_key     text := enqueue.key;
BEGIN
    SELECT * INTO owner FROM syncd.accounts a WHERE a.name = enqueue.account;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown account "%"', enqueue.account USING ERRCODE = 'SY001', HINT = coalesce(
            (SELECT 'accounts: ' || string_agg(a.name, ', ' ORDER BY a.name) FROM syncd.accounts a),
            'no account is known yet; the first pass of the service or of "syncd sync" makes the configured ones known');
    END IF;
    IF enqueue.campaign IS NULL THEN
        RAISE EXCEPTION 'creating campaigns is not offered for %', owner.provider
            USING ERRCODE = 'SY002', HINT = 'name an existing campaign';
    END IF;
    IF enqueue.patch IS NULL OR jsonb_typeof(enqueue.patch) <> 'object' OR enqueue.patch = '{}' THEN
        RAISE EXCEPTION 'the patch must be an object of path and value' USING ERRCODE = 'SY004',
            HINT = 'such as {"budget.daily": "120.50"}';
    END IF;
    IF coalesce(enqueue.policy, 'hold') <> 'hold' THEN
        RAISE EXCEPTION 'unknown policy "%"', enqueue.policy USING ERRCODE = 'SY004', HINT = 'the policy is "hold"';
    END IF;
    -- A key that was used already is answered below, whatever has changed since.
    IF coalesce(enqueue.expires_at <= greatest(made, enqueue.not_before), false) THEN
        IF NOT EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = owner.id AND u.key = a_key) THEN
            RAISE EXCEPTION 'it would expire before it is due' USING ERRCODE = 'SY004',
                HINT = 'expires_at must lie after now and after not_before';
        END IF;
    END IF;
    FOR entry IN SELECT e.key AS path, e.value FROM jsonb_each(enqueue.patch) e LOOP
        wanted := wanted || jsonb_build_object(entry.path, syncd.checked_value(owner, entry.path, entry.value));
    END LOOP;
    IF enqueue.expect IS NOT NULL THEN
        IF jsonb_typeof(enqueue.expect) <> 'object' THEN
            RAISE EXCEPTION 'expect must be an object of path and value' USING ERRCODE = 'SY004',
                HINT = 'such as {"budget.daily": "100"}';
        END IF;
        SELECT coalesce(jsonb_object_agg(e.key, CASE
                   WHEN e.value #>> '{}' ~ '^[0-9]{1,14}(\.[0-9]{1,6})?$' THEN trim_scale((e.value #>> '{}')::numeric)::text
                   ELSE e.value #>> '{}' END), '{}')
            INTO seen FROM jsonb_each(enqueue.expect) e;
        IF EXISTS (SELECT FROM jsonb_object_keys(seen) k WHERE NOT wanted ? k) THEN
            RAISE EXCEPTION 'expect names a path that the patch does not change' USING ERRCODE = 'SY004',
                HINT = 'give the value that you saw for each path of the patch';
        END IF;
    END IF;

    SELECT * INTO known FROM syncd.campaigns c
        WHERE c.account_id = owner.id AND c.external_id = enqueue.campaign;
    IF NOT FOUND AND owner.complete_at IS NOT NULL THEN
        IF NOT EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = owner.id AND u.key = a_key) THEN
            RAISE EXCEPTION 'unknown campaign "%" in account %', enqueue.campaign, owner.name
                USING ERRCODE = 'SY002',
                HINT = format('the last complete pull (%s) did not show it; syncd campaigns list --account %s',
                    to_char(owner.complete_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), owner.name);
        END IF;
    END IF;
    IF seen IS NOT NULL THEN
        source := 'requester';
        SELECT seen || coalesce(jsonb_object_agg(k, known."values" -> k), '{}') INTO seen
            FROM jsonb_object_keys(wanted) k WHERE NOT seen ? k AND known."values" ? k;
    ELSIF known.external_id IS NOT NULL THEN
        source := 'mirror';
        SELECT coalesce(jsonb_object_agg(k, known."values" -> k), '{}') INTO seen
            FROM jsonb_object_keys(wanted) k WHERE known."values" ? k;
    ELSE
        source := 'none';
    END IF;

    INSERT INTO syncd.updates (account_id, external_id, patch, reference, reference_source, key, policy,
                               requester, request_reason, created_at, not_before, expires_at, due_at)
    VALUES (owner.id, enqueue.campaign, wanted, seen, source, a_key, 'hold',
            coalesce(enqueue.requester, session_user), enqueue.reason, made, enqueue.not_before, enqueue.expires_at,
            greatest(made, enqueue.not_before))
    -- Of two callers with one key at once the second waits here, and then finds the first one's row.
    ON CONFLICT (account_id, key) DO NOTHING
    RETURNING id INTO new_id;
    IF new_id IS NULL THEN
        SELECT * INTO earlier FROM syncd.updates u WHERE u.account_id = owner.id AND u.key = a_key;
        IF earlier.external_id <> enqueue.campaign OR earlier.patch <> wanted THEN
            RAISE EXCEPTION 'key "%" was used for another change, update %', a_key, earlier.id
                USING ERRCODE = 'SY006', HINT = 'use a new key for a new change';
        END IF;
        RETURN earlier.id;
    END IF;
    RETURN new_id;
END $$;

CREATE FUNCTION syncd.cancel(update_id bigint, requester text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    UPDATE syncd.updates u
       SET state = 'cancelled', settled_at = syncd.now(), reason_code = 'cancelled',
           reason = 'by ' || coalesce(cancel.requester, session_user)
     WHERE u.id = cancel.update_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown update %', cancel.update_id
            USING ERRCODE = 'SY002', HINT = 'syncd updates list shows the open ones';
    END IF;
END $$;

-- Every statement that writes under a lease asks this first. With `locked` the lease cannot change hands
-- until the transaction ends (short transactions only: a renewal would wait).
CREATE FUNCTION syncd.require_lease(account integer, epoch bigint, locked boolean) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF locked THEN
        PERFORM FROM syncd.leases l WHERE l.account_id = account AND l.epoch = require_lease.epoch
            AND l.expires_at > clock_timestamp() FOR SHARE;
    ELSE
        PERFORM FROM syncd.leases l WHERE l.account_id = account AND l.epoch = require_lease.epoch
            AND l.expires_at > clock_timestamp();
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lease of account % is no longer ours (epoch %)', account, require_lease.epoch
            USING ERRCODE = 'SY020', HINT = 'another process took the account over; it recovers what was open';
    END IF;
END $$;

-- The same for a whole file: every line gets its id or the reason why not, and the caller rolls back if any
-- has one. Two lines of one file may not contradict each other either.
CREATE FUNCTION syncd.try_enqueue(
    account text, campaign text, patch jsonb, expect jsonb, key text, policy text, not_before timestamptz,
    expires_at timestamptz, requester text, reason text,
    OUT id bigint, OUT code text, OUT message text, OUT hint text
) LANGUAGE plpgsql AS $$
BEGIN
    id := syncd.enqueue(account, campaign, patch, expect, key, policy, not_before, expires_at, requester, reason);
EXCEPTION WHEN OTHERS THEN
    IF SQLSTATE NOT LIKE 'SY%' THEN
        RAISE;
    END IF;
    code := SQLSTATE;
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
