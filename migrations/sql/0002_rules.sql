-- Rules that hold for every role and every door: what of an update is final, and what a person may say of an
-- account or a campaign.

-- Paths settle one by one; one with such a result is never sent again.
CREATE FUNCTION syncd.is_settled(result jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(result ->> 'outcome' IN ('applied', 'rejected', 'superseded', 'cancelled', 'expired'), false);

-- The part of a patch that has no final result yet.
CREATE FUNCTION syncd.open_part(patch jsonb, results jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT coalesce(jsonb_object_agg(p.key, p.value), '{}') FROM jsonb_each(patch) p
             WHERE NOT syncd.is_settled(results -> p.key));

-- Whether a newer update has taken over a part.
CREATE FUNCTION syncd.is_replaced(results jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN jsonb_path_exists(results, '$.*.outcome ? (@ == "superseded")');

-- `; applied before: status`, or nothing: for the reason of an update that ends with a part of it done.
CREATE FUNCTION syncd.already_applied(results jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce((SELECT '; applied before: ' || string_agg(r.key, ', ' ORDER BY r.key) FROM jsonb_each(results) r
                      WHERE r.value ->> 'outcome' = 'applied'), '');

-- Results with the time at which they became final.
CREATE FUNCTION syncd.stamped(results jsonb, at timestamptz) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT coalesce(jsonb_object_agg(r.key, CASE WHEN syncd.is_settled(r.value)
                   THEN r.value || jsonb_build_object('at', stamped.at) ELSE r.value END), '{}')
              FROM jsonb_each(stamped.results) r);

-- When a path of an update got its result. Earlier versions kept no time but the update's own.
CREATE FUNCTION syncd.result_at(u syncd.updates, path text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce((u.results #>> ARRAY[path, 'at'])::timestamptz, u.settled_at);

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
    IF (OLD.id, OLD.account_id, OLD.is_create, OLD.patch, OLD.created_at, OLD.requester, OLD.key)
       IS DISTINCT FROM
       (NEW.id, NEW.account_id, NEW.is_create, NEW.patch, NEW.created_at, NEW.requester, NEW.key)
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
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION syncd.cancel(update_id bigint, requester text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    UPDATE syncd.updates u
       SET state = 'cancelled', settled_at = syncd.now(), reason_code = 'cancelled',
           reason = 'by ' || coalesce(cancel.requester, session_user) || syncd.already_applied(u.results)
     WHERE u.id = cancel.update_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown update %', cancel.update_id
            USING ERRCODE = 'SY002', HINT = 'syncd updates list shows the open ones';
    END IF;
END $$;

CREATE FUNCTION syncd.known_account(account text) RETURNS syncd.accounts LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_account syncd.accounts%ROWTYPE;
BEGIN
    SELECT * INTO found_account FROM syncd.accounts a WHERE a.name = known_account.account;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown account "%"', account USING ERRCODE = 'SY001', HINT = coalesce(
            (SELECT format('account %s was renamed to %s', account, a.name) FROM syncd.accounts a
              WHERE known_account.account = ANY (a.former_names) LIMIT 1),
            (SELECT 'accounts: ' || string_agg(a.name, ', ' ORDER BY a.name) FROM syncd.accounts a),
            'no account is known yet; the first pass of the service or of "syncd sync" makes the configured ones known');
    END IF;
    RETURN found_account;
END $$;

-- A person has looked at the provider: the next complete pull may count as many campaigns as missing as the
-- braked one would have. Returns that number.
CREATE FUNCTION syncd.accept(account text, requester text DEFAULT NULL) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    owner  syncd.accounts := syncd.known_account(account);
    absent integer;
BEGIN
    UPDATE syncd.accounts a
       SET accepted_absent = a.last_braked_absent, accepted_until = syncd.now() + interval '24 h',
           accepted_by = coalesce(accept.requester, session_user)
     WHERE a.id = owner.id AND a.last_braked_absent IS NOT NULL
    RETURNING a.accepted_absent INTO absent;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the last pull of account % was not braked; there is nothing to accept', account
            USING ERRCODE = 'SY007', HINT = 'syncd campaigns gone shows what is missing and why';
    END IF;
    RETURN absent;
END $$;

-- The account keeps its number, and so its history. Returns what is to be done next.
CREATE FUNCTION syncd.rename_account(old_name text, new_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    owner syncd.accounts := syncd.known_account(old_name);
BEGIN
    IF new_name IS NULL OR new_name !~ '^[a-z0-9][a-z0-9_-]{0,62}$' THEN
        RAISE EXCEPTION '"%" cannot be the name of an account', new_name USING ERRCODE = 'SY004',
            HINT = 'lowercase letters, digits, "_" and "-", at most 63, beginning with a letter or digit';
    END IF;
    PERFORM FROM syncd.accounts a WHERE a.name = new_name;
    IF FOUND THEN
        RAISE EXCEPTION 'there is an account "%" already', new_name USING ERRCODE = 'SY007',
            HINT = CASE WHEN old_name = new_name THEN 'give another name'
                   ELSE 'history cannot be merged; give another name, or rename that one first' END;
    END IF;
    UPDATE syncd.accounts a
       SET name = new_name, former_names = array_append(a.former_names, old_name)
     WHERE a.id = owner.id;
    RETURN format('write name = "%s" instead of "%s" in the configuration before the next pass', new_name, old_name);
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'there is an account "%" already', new_name USING ERRCODE = 'SY007', HINT = 'give another name';
END $$;

-- The digest of a campaign that is gone: never that of one that is shown.
CREATE FUNCTION syncd.gone_fingerprint(fingerprint bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(fingerprint || 'deleted'::bytea);

-- A person says that a campaign which is out of view is gone for good.
CREATE FUNCTION syncd.confirm_gone(account text, campaign text, requester text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    owner syncd.accounts := syncd.known_account(account);
    known syncd.campaigns%ROWTYPE;
    at    timestamptz := syncd.now();
    who   text := coalesce(requester, session_user);
BEGIN
    SELECT * INTO known FROM syncd.campaigns c
        WHERE c.account_id = owner.id AND c.external_id = confirm_gone.campaign FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown campaign "%" in account %', campaign, account
            USING ERRCODE = 'SY002',
                  HINT = format('syncd campaigns gone --account %s lists those out of view', account);
    ELSIF known.gone_at IS NOT NULL THEN
        RAISE EXCEPTION 'campaign % of account % is gone already, since %', campaign, account,
            syncd.shown_time(known.gone_at) USING ERRCODE = 'SY007', HINT = 'nothing is left to confirm';
    ELSIF known.missing_since IS NULL THEN
        RAISE EXCEPTION 'campaign % of account % is in view', campaign, account USING ERRCODE = 'SY007',
            HINT = 'the last complete pull showed it; delete it at the provider, or queue {"deleted": true}';
    ELSIF EXISTS (SELECT FROM syncd.updates u WHERE u.account_id = owner.id AND u.external_id = known.external_id
                     AND u.state IN ('sending', 'unknown')) THEN
        RAISE EXCEPTION 'an update of campaign % has no known outcome yet', campaign
            USING ERRCODE = 'SY007', HINT = 'confirm it after the next pass';
    END IF;
    UPDATE syncd.campaign_versions v SET valid_to = at
     WHERE v.account_id = owner.id AND v.external_id = known.external_id AND v.version = known.version;
    UPDATE syncd.campaigns c
       SET gone_at = at, gone_by = who, "values" = c."values" || '{"deleted": "true"}', changed_at = at,
           version = c.version + 1, fingerprint = syncd.gone_fingerprint(c.fingerprint)
     WHERE c.account_id = owner.id AND c.external_id = known.external_id
    RETURNING * INTO known;
    INSERT INTO syncd.campaign_versions (account_id, external_id, version, valid_from, name, goal, currency, "values")
    VALUES (owner.id, known.external_id, known.version, at, known.name, known.goal, known.currency, known."values");
    INSERT INTO syncd.field_changes (account_id, external_id, path, new, origin, requester, seen_at)
    VALUES (owner.id, known.external_id, 'deleted', 'true', 'person', who, at);
END $$;

CREATE FUNCTION syncd.shown_time(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"');
