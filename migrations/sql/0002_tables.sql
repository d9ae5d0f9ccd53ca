-- What five providers need beside the first: fields of every kind and dialect, creates, deletes and gone
-- campaigns, the brake's way out, prices, and credentials that change with their use.

ALTER TABLE syncd.fields
    DROP CONSTRAINT fields_kind_check,
    DROP CONSTRAINT fields_pkey,
    ADD COLUMN dialect text NOT NULL DEFAULT 'documented',
    ADD COLUMN is_creatable boolean NOT NULL DEFAULT false,
    ADD COLUMN is_required boolean NOT NULL DEFAULT false,
    ADD COLUMN is_nullable boolean NOT NULL DEFAULT false,
    ADD COLUMN choices text[] NOT NULL DEFAULT '{}',
    ADD COLUMN least numeric,
    ADD COLUMN is_above_least boolean NOT NULL DEFAULT false,
    ADD COLUMN longest integer,
    ADD COLUMN guard text CHECK (guard IN ('start', 'delete', 'disable')),
    ADD CHECK (kind IN ('amount', 'text', 'status', 'choice', 'number', 'count', 'json', 'flag')),
    ADD CHECK (kind <> 'choice' OR choices <> '{}'),
    ADD PRIMARY KEY (provider, dialect, path);
ALTER TABLE syncd.fields ALTER COLUMN dialect DROP DEFAULT;

ALTER TABLE syncd.accounts
    -- Names that the account had before: the configuration may not make a new account of one.
    ADD COLUMN former_names text[] NOT NULL DEFAULT '{}',
    ADD COLUMN can_create boolean NOT NULL DEFAULT false,
    ADD COLUMN free_guards text[] NOT NULL DEFAULT '{}',
    ADD COLUMN evidence text NOT NULL DEFAULT 'person',
    ADD COLUMN missing_after interval NOT NULL DEFAULT '1 h',
    ADD COLUMN push_interval interval,
    -- The configured scope, since when it is this one, and the scope of the last complete pull.
    ADD COLUMN scope text,
    ADD COLUMN scope_since timestamptz,
    ADD COLUMN complete_scope text,
    ADD COLUMN dialect_seen text,
    ADD COLUMN dialect_seen_at timestamptz,
    -- How many campaigns the last braked pull would have counted as missing, and how many of them a
    -- person lets pass, until when.
    ADD COLUMN last_braked_absent integer,
    ADD COLUMN accepted_absent integer,
    ADD COLUMN accepted_until timestamptz,
    ADD COLUMN accepted_by text,
    -- By kind of run: why the last one did not do all that it should.
    ADD COLUMN troubles jsonb NOT NULL DEFAULT '{}';

ALTER TABLE syncd.campaigns
    ADD COLUMN gone_by text,
    ADD COLUMN missing_why text CHECK (missing_why IN ('absent', 'scope')),
    ADD COLUMN provider_created_at timestamptz,
    ADD COLUMN provider_updated_at timestamptz;
UPDATE syncd.campaigns SET missing_why = 'absent' WHERE missing_since IS NOT NULL;
UPDATE syncd.campaigns SET gone_by = 'provider' WHERE gone_at IS NOT NULL;
ALTER TABLE syncd.campaigns
    ADD CHECK ((missing_since IS NULL) = (missing_why IS NULL)),
    ADD CHECK ((gone_at IS NULL) = (gone_by IS NULL));
CREATE INDEX campaigns_gone ON syncd.campaigns (account_id) WHERE gone_at IS NOT NULL;

-- What a pull that was cut off left behind is of no use to anybody.
DELETE FROM syncd.staging;
ALTER TABLE syncd.staging
    ADD COLUMN is_gone boolean NOT NULL,
    ADD COLUMN provider_created_at timestamptz,
    ADD COLUMN provider_updated_at timestamptz;

-- That a campaign is gone may be a person's word; then no run saw it.
ALTER TABLE syncd.campaign_versions ALTER COLUMN run_id DROP NOT NULL;
ALTER TABLE syncd.field_changes
    ALTER COLUMN run_id DROP NOT NULL,
    ADD COLUMN requester text,
    DROP CONSTRAINT field_changes_origin_check,
    ADD CONSTRAINT field_changes_origin_check CHECK (origin IN ('provider', 'update', 'person')),
    ADD CHECK ((origin = 'person') = (requester IS NOT NULL)),
    ADD CHECK (run_id IS NOT NULL OR origin = 'person');

-- An update that creates has no campaign until the provider gave it an id; one campaign has one maker.
ALTER TABLE syncd.updates
    ADD COLUMN is_create boolean NOT NULL DEFAULT false,
    ALTER COLUMN external_id DROP NOT NULL,
    ADD CHECK (external_id IS NOT NULL OR is_create),
    ADD CHECK (NOT is_create OR reference_source = 'none');
CREATE UNIQUE INDEX updates_created ON syncd.updates (account_id, external_id) WHERE is_create;
ALTER TABLE syncd.attempts ALTER COLUMN external_id DROP NOT NULL;

-- A credential that changes with its use, sealed with a key that the database never sees.
CREATE TABLE syncd.tokens (
    account_id  integer PRIMARY KEY REFERENCES syncd.accounts,
    sealed      bytea NOT NULL,
    obtained_at timestamptz NOT NULL,
    used_at     timestamptz NOT NULL
);

-- What one request of an operation costs beyond the free ones of a month. Months begin by the clock of the
-- zone, whose offset is a whole number of hours, because usage is kept by the hour.
CREATE TABLE syncd.prices (
    account_id     integer NOT NULL REFERENCES syncd.accounts,
    operation      text NOT NULL,
    amount         numeric NOT NULL CHECK (amount >= 0 AND amount < 'Infinity'),
    currency       text NOT NULL,
    free_per_month bigint NOT NULL CHECK (free_per_month >= 0),
    zone           text NOT NULL,
    PRIMARY KEY (account_id, operation)
);
