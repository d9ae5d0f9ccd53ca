-- What the service's role may do: no DDL, nothing of history or attempts can be deleted by it.
-- Run by every upgrade, where the role exists.

GRANT USAGE ON SCHEMA syncd, report TO syncd_service;
GRANT USAGE ON SEQUENCE syncd.ids, syncd.accounts_id_seq TO syncd_service;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA syncd TO syncd_service;
GRANT SELECT ON ALL TABLES IN SCHEMA syncd, report TO syncd_service;
GRANT UPDATE ON syncd.updates TO syncd_service;
GRANT INSERT, UPDATE ON syncd.accounts, syncd.leases, syncd.services, syncd.campaigns, syncd.campaign_versions,
    syncd.runs, syncd.batches, syncd.attempts, syncd.request_usage, syncd.fields,
    syncd.tokens, syncd.prices TO syncd_service;
GRANT INSERT ON syncd.field_changes, syncd.run_errors TO syncd_service;
GRANT INSERT, UPDATE, DELETE ON syncd.staging TO syncd_service;
GRANT DELETE ON syncd.fields, syncd.services, syncd.prices TO syncd_service;
