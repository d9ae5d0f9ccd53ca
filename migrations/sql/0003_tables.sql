-- What a push needs that can be trusted with money: policies, approvals, plans, the owner's caps, and everything
-- that happened to an update.

ALTER TABLE syncd.accounts
    ADD COLUMN policy text NOT NULL DEFAULT 'hold' CHECK (policy IN ('hold', 'ours', 'theirs')),
    ADD COLUMN fresh_for interval NOT NULL DEFAULT '60 s',
    ADD COLUMN four_eyes boolean NOT NULL DEFAULT false,
    ADD COLUMN paused_reason text,
    ADD COLUMN resumed_at timestamptz,
    ADD COLUMN resumed_by text,
    ADD COLUMN resumed_reason text;

ALTER TABLE syncd.updates
    DROP CONSTRAINT updates_policy_check,
    ADD CONSTRAINT updates_policy_check CHECK (policy IN ('hold', 'ours', 'theirs')),
    -- A newer update won, or what somebody else put there stays.
    DROP CONSTRAINT updates_check1,
    ADD CONSTRAINT superseded_by_what CHECK (CASE WHEN state = 'superseded'
        THEN superseded_by IS NOT NULL OR reason_code IS NOT DISTINCT FROM 'remote_wins'
        ELSE superseded_by IS NULL END),
    -- By path where its reference came from: `requester`, `mirror`, `update N`.
    ADD COLUMN reference_sources jsonb NOT NULL DEFAULT '{}',
    -- Who asked: a name that only the service may give, else the database's user.
    ADD COLUMN asked_by text,
    -- By path why it is held: {"digest", "remote", "hits": [{"rule", "message", "figures", "way", "digest"}]}.
    ADD COLUMN holds jsonb,
    -- What the last merge found: {"at", "read", "read_at", "paths": {path: {"remote", "found", "mark", ...}}}.
    ADD COLUMN merged jsonb,
    ADD COLUMN retry_of bigint,
    ADD COLUMN seen_at timestamptz,
    ADD COLUMN seen_by text,
    ADD CHECK ((seen_at IS NULL) = (seen_by IS NULL)),
    -- How often a campaign was looked for that its create may have made, and the settle time of its last call
    -- where that is longer than the account's.
    ADD COLUMN searches integer NOT NULL DEFAULT 0,
    ADD COLUMN settle interval;
UPDATE syncd.updates u
   SET asked_by = u.requester,
       reference_sources = coalesce((SELECT jsonb_object_agg(p.path, u.reference_source)
                                       FROM jsonb_object_keys(u.patch) p(path) WHERE u.reference ? p.path), '{}');
ALTER TABLE syncd.updates
    ALTER COLUMN asked_by SET NOT NULL,
    ADD CHECK (holds IS NULL OR state = 'held');
-- Found by the key alone.
ALTER TABLE syncd.updates DROP CONSTRAINT updates_account_id_key_key, ADD UNIQUE (key, account_id);
CREATE INDEX updates_unseen ON syncd.updates (account_id, id)
    WHERE seen_at IS NULL AND (state = 'rejected' OR (state = 'applied' AND confirmation = 'different'));
CREATE INDEX updates_retried ON syncd.updates (account_id, retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX updates_with_results ON syncd.updates (account_id, external_id) WHERE results <> '{}';
CREATE INDEX updates_unanswered ON syncd.updates (account_id, external_id) WHERE state IN ('sending', 'unknown');
CREATE INDEX updates_superseding ON syncd.updates (account_id, superseded_by) WHERE superseded_by IS NOT NULL;

-- What was sent: method, path without its query, body; without secrets, and not without end.
ALTER TABLE syncd.batches ADD COLUMN request text;
CREATE INDEX batches_by_time ON syncd.batches (account_id, sent_at);
CREATE INDEX attempts_of_campaign ON syncd.attempts (account_id, external_id, batch_id);

-- The owner's own limits by path, a stem with `.*` for every key there, `*` for all; nobody but the owner role writes
-- here. What is counted is counted for all paths together.
CREATE TABLE syncd.caps (
    account_id   integer NOT NULL REFERENCES syncd.accounts,
    path         text NOT NULL CHECK (path <> ''),
    max_amount   syncd.money,
    max_factor   numeric CHECK (max_factor >= 1 AND max_factor < 'Infinity'),
    max_increase syncd.money,
    activations  integer CHECK (activations >= 0),
    set_by       text NOT NULL DEFAULT session_user,
    set_at       timestamptz NOT NULL DEFAULT syncd.now(),
    PRIMARY KEY (account_id, path),
    CHECK (num_nonnulls(max_amount, max_factor, max_increase, activations) > 0),
    CONSTRAINT counted_for_all CHECK (path = '*' OR num_nonnulls(max_increase, activations) = 0),
    -- Anything else would be met by nothing.
    CONSTRAINT path_or_stem CHECK (path = '*' OR path ~ '^[a-z][a-z0-9_]*(\.([A-Za-z0-9_-]+|".+"))*(\.\*)?$')
);

-- That a person let an item through, until when. The digest names the item with the rules that it met, `covers` each
-- of those rules at this item: the item goes out as long as it meets no other.
CREATE TABLE syncd.approvals (
    account_id        integer NOT NULL,
    id                bigint NOT NULL DEFAULT nextval('syncd.ids'),
    update_id         bigint NOT NULL,
    path              text NOT NULL,
    digest            text NOT NULL CHECK (digest ~ '^[0-9a-f]{32}$'),
    covers            text[] NOT NULL CHECK (array_to_string(covers, ' ', '-') ~ '^[0-9a-f]{32}( [0-9a-f]{32})*$'),
    approved_by       text NOT NULL,
    session_user_name text NOT NULL DEFAULT session_user,
    approved_at       timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    plan_hash         text,
    reason            text,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, update_id) REFERENCES syncd.updates,
    CHECK (expires_at > approved_at)
);
CREATE INDEX approvals_of_update ON syncd.approvals (account_id, update_id, expires_at);

-- A plan as it was shown. Its items are [{"update", "path", "digest", "mark", "remote", "hits"}].
CREATE TABLE syncd.plans (
    account_id integer NOT NULL REFERENCES syncd.accounts,
    id         bigint NOT NULL DEFAULT nextval('syncd.ids'),
    hash       text NOT NULL CHECK (hash ~ '^[0-9a-f]{32}$'),
    items      jsonb NOT NULL CHECK (jsonb_typeof(items) = 'array'),
    document   jsonb NOT NULL,
    made_at    timestamptz NOT NULL,
    made_by    text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX plans_by_hash ON syncd.plans (hash text_pattern_ops, id);

-- Every state that an update reached, by whichever door; and what leaves it in its state and is told of all the same:
-- a search for what it may have made, a merge that left it waiting.
CREATE TABLE syncd.update_events (
    account_id integer NOT NULL,
    id         bigint NOT NULL DEFAULT nextval('syncd.ids'),
    update_id  bigint NOT NULL,
    at         timestamptz NOT NULL,
    was        syncd.update_state,
    state      syncd.update_state NOT NULL,
    code       text,
    message    text,
    by         text NOT NULL,
    batch_id   bigint,
    holds      jsonb,
    merged     jsonb,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX update_events_of_update ON syncd.update_events (account_id, update_id, id);

CREATE TYPE syncd.plan_outcome AS (update_id bigint, path text, outcome text, reason text);
