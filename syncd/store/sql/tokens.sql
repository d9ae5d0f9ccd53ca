-- name: token_durable
-- A commit of this transaction is answered only when it is safe on disk, whatever the server is set to.
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')

-- name: token_store
-- The credential to use from now on.
INSERT INTO syncd.tokens (account_id, sealed, obtained_at, used_at) VALUES ($1, $2, syncd.now(), syncd.now())
ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, used_at = excluded.used_at

-- name: token_load
-- The credential as it is sealed.
SELECT t.sealed FROM syncd.tokens t WHERE t.account_id = $1

-- name: tokens_idle
-- Accounts whose credential has not been used for so long; paused ones too.
SELECT t.account_id FROM syncd.tokens t
 WHERE t.used_at <= (SELECT syncd.now()) - $1::interval ORDER BY t.used_at, t.account_id
