"""The configuration: one TOML file, overrides from the environment, secrets by reference.
Importing it costs the time of pydantic, so only entry points that need it do."""

from syncd.config.account import Account, Cost, Guard, Lease, Limits, Pull, Push
from syncd.config.addresses import Listen
from syncd.config.catalogue import registrations
from syncd.config.loading import check, example, find_path, load, schema
from syncd.config.problems import ConfigProblems, Excerpt, Problem, render
from syncd.config.references import DatabaseUrl, SecretReference, resolve_secret
from syncd.config.schedule import Schedule
from syncd.config.settings import Config, Database, Service
from syncd.config.values import LimitSetting

__all__ = [
    "Account",
    "Config",
    "ConfigProblems",
    "Cost",
    "Database",
    "DatabaseUrl",
    "Excerpt",
    "Guard",
    "Lease",
    "LimitSetting",
    "Limits",
    "Listen",
    "Problem",
    "Pull",
    "Push",
    "Schedule",
    "SecretReference",
    "Service",
    "check",
    "example",
    "find_path",
    "load",
    "registrations",
    "render",
    "resolve_secret",
    "schema",
]
