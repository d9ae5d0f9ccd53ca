"""The composition root: the only place that builds concrete parts and joins them to passes."""

from syncd.daemon.composition import open_store, owner_dsn, register
from syncd.daemon.doctor import Step, check_account
from syncd.daemon.oneshot import AccountReport, SyncRequest, sync
from syncd.daemon.planning import AccountPlan, plan
from syncd.daemon.service import run

__all__ = [
    "AccountPlan",
    "AccountReport",
    "Step",
    "SyncRequest",
    "check_account",
    "open_store",
    "owner_dsn",
    "plan",
    "register",
    "run",
    "sync",
]
