-- name: schema_version
-- The revision that the last upgrade reached.
SELECT version_num FROM syncd.alembic_version

-- name: clock
-- The time that everything stored is compared with.
SELECT syncd.now()
