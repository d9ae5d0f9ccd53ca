"""The composition root: the only place that builds concrete parts and joins them to passes."""

from syncd.daemon.composition import register
from syncd.daemon.consent import Consent, ask_consent, keep_consent, refresh_idle
from syncd.daemon.databases import open_store, owner_dsn
from syncd.daemon.doctor import Step, check_account
from syncd.daemon.oneshot import AccountReport, SyncRequest, sync
from syncd.daemon.planning import AccountPlan, fresh_plan, mirrored, plan
from syncd.daemon.service import run

__all__ = [
    "AccountPlan",
    "AccountReport",
    "Consent",
    "Step",
    "SyncRequest",
    "ask_consent",
    "check_account",
    "fresh_plan",
    "keep_consent",
    "mirrored",
    "open_store",
    "owner_dsn",
    "plan",
    "refresh_idle",
    "register",
    "run",
    "sync",
]
