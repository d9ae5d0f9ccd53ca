-- What each role may do: no DDL for any of them, nothing of history or attempts can be deleted. Run by every upgrade,
-- each part where its role exists.

-- role: public
-- A view asks these as whoever reads it; they tell nothing by themselves. All else is for those who are named below.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA syncd FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncd.now(), syncd.is_served(), syncd.shown_time(timestamptz),
    syncd.dialect_cause(syncd.accounts), syncd.dialect_remedy(syncd.accounts),
    syncd.waiting_for(syncd.updates, syncd.accounts, timestamptz, boolean),
    syncd.resolving_command(syncd.updates, syncd.accounts) TO PUBLIC;

-- role: syncd_service
-- Of an update only what becomes of it, never what it asks for.
GRANT USAGE ON SCHEMA syncd, report TO syncd_service;
GRANT USAGE ON SEQUENCE syncd.ids, syncd.accounts_id_seq TO syncd_service;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA syncd TO syncd_service;
-- What writes with the owner's rights may not be hung on a table of one's own.
REVOKE EXECUTE ON FUNCTION syncd.note_event(), syncd.check_caps() FROM syncd_service;
GRANT SELECT ON ALL TABLES IN SCHEMA syncd, report TO syncd_service;
REVOKE UPDATE ON syncd.updates, syncd.batches, syncd.attempts FROM syncd_service;
GRANT UPDATE (external_id, state, reason_code, reason, results, confirmation, confirmed_at, settled_at, batch_id,
              read_after, settle, repeats, searches, superseded_by, holds, merged) ON syncd.updates TO syncd_service;
-- Of a call only what came back.
GRANT UPDATE (answered_at, http_status, whole, message) ON syncd.batches TO syncd_service;
GRANT UPDATE (outcome, code, message, trace_id, warnings) ON syncd.attempts TO syncd_service;
GRANT INSERT, UPDATE ON syncd.accounts, syncd.leases, syncd.services, syncd.campaigns, syncd.campaign_versions,
    syncd.runs, syncd.request_usage, syncd.fields, syncd.tokens, syncd.prices TO syncd_service;
GRANT INSERT ON syncd.batches, syncd.attempts, syncd.field_changes, syncd.run_errors, syncd.plans TO syncd_service;
GRANT INSERT, UPDATE, DELETE ON syncd.staging TO syncd_service;
GRANT DELETE ON syncd.fields, syncd.services, syncd.prices TO syncd_service;

-- role: syncd_enqueue
-- Asks, and takes back what it asked for itself.
GRANT USAGE ON SCHEMA syncd TO syncd_enqueue;
GRANT SELECT ON syncd.alembic_version TO syncd_enqueue;
GRANT EXECUTE ON FUNCTION syncd.offered(), syncd.shown_updates(bigint[]),
    syncd.enqueue(text, text, jsonb, jsonb, text, text, timestamptz, timestamptz, text, text),
    syncd.try_enqueue(text, text, jsonb, jsonb, text, text, timestamptz, timestamptz, text, text),
    syncd.hold_accounts(text[]), syncd.cancel(bigint, text) TO syncd_enqueue;

-- role: syncd_approve
-- Decides about what others asked for, and stops everything.
GRANT USAGE ON SCHEMA syncd TO syncd_approve;
GRANT SELECT ON syncd.alembic_version TO syncd_approve;
GRANT EXECUTE ON FUNCTION syncd.offered(), syncd.shown_updates(bigint[]), syncd.shown_approvals(bigint[]),
    syncd.unclear_creates(bigint[]), syncd.shown_plans(text),
    syncd.approve(bigint, text, text, interval, text), syncd.approve_plan(text, text, text, interval),
    syncd.retry(bigint, text, text), syncd.seen(bigint, text), syncd.cancel(bigint, text),
    syncd.pause(text, text, text), syncd.resume(text, text, text) TO syncd_approve;

-- role: syncd_report
-- Reads what people are shown.
GRANT USAGE ON SCHEMA syncd, report TO syncd_report;
GRANT SELECT ON syncd.alembic_version TO syncd_report;
GRANT EXECUTE ON FUNCTION syncd.offered(), syncd.shown_updates(bigint[]), syncd.shown_plans(text) TO syncd_report;
GRANT SELECT ON ALL TABLES IN SCHEMA report TO syncd_report;
