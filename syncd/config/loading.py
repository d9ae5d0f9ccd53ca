"""From a file and an environment to a `Config`, or to everything that is wrong with them in file
order. The only place where reading, overriding, judging and placing come together."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from syncd.config import catalogue, guard_rules, rules
from syncd.config.document import Document, read
from syncd.config.environment import Overlaid, overlay
from syncd.config.findings import Finding, KeyPath, from_validation
from syncd.config.problems import ConfigProblems, Problem
from syncd.config.provided import account_model
from syncd.config.settings import Config
from syncd.config.tables import Surroundings

DEFAULT: Final = Path("config/syncd.toml")
EXAMPLE: Final = "syncd.example.toml"


def find_path(option: str | Path | None, environ: Mapping[str, str]) -> Path:
    """The file to read: the option, else SYNCD_CONFIG, else config/syncd.toml. It need not
    exist."""
    return Path(option or environ.get("SYNCD_CONFIG") or DEFAULT)


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration. Raises ConfigProblems with everything that is wrong; warnings alone do
    not stop it."""
    config, problems = check(path, environ)
    if config is None:
        raise ConfigProblems(problems)
    return config


def check(
    path: Path | None, environ: Mapping[str, str]
) -> tuple[Config | None, tuple[Problem, ...]]:
    """The configuration, None where there are errors, and all problems: by line, then overrides by
    name."""
    file = path or find_path(None, environ)
    reading = read(file)
    if reading.raw is None:
        return None, _sorted(reading.problems)
    overlaid = overlay(reading.raw, environ)
    around = Surroundings(folder=file.absolute().parent, environ=environ)
    config, findings = _judge(overlaid, around)
    problems = _sorted((*reading.problems, *_placed(findings, overlaid, reading.document)))
    is_usable = all(problem.severity == "warning" for problem in problems)
    return config if is_usable else None, problems


def example() -> str:
    """The text of the example file, from the installed package, else from beside it in the source
    tree."""
    installed = resources.files("syncd").joinpath("_config", EXAMPLE)
    if installed.is_file():
        return installed.read_text("utf-8")
    return (Path(__file__).parents[2] / "config" / EXAMPLE).read_text("utf-8")


def schema() -> dict[str, Any]:
    """The JSON schema of the file, an account's by its provider."""
    described = Config.model_json_schema()
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    known = catalogue.registrations()
    branches = []
    for name, registration in known.items():
        account = account_model(registration).model_json_schema()
        described["$defs"].update(account.pop("$defs"))
        described["$defs"][account["title"]] = account
        is_it = {"properties": {"provider": {"const": name}}, "required": ["provider"]}
        branches.append({"if": is_it, "then": {"$ref": f"#/$defs/{account['title']}"}})
    described["properties"]["accounts"]["items"] = {
        "type": "object",
        "required": ["provider"],
        "properties": {"provider": {"enum": list(known)}},
        "allOf": branches,
    }
    return described


def _judge(overlaid: Overlaid, around: Surroundings) -> tuple[Config | None, list[Finding]]:
    findings = [*overlaid.findings, *rules.findings(overlaid.raw, around)]
    try:
        return Config.model_validate(overlaid.raw, context=around), findings
    except ValidationError as error:
        unknown = {one.path for one in findings if one.code == guard_rules.UNKNOWN}
        return None, [
            *findings,
            # What is wrong below a name that nobody knows comes of the name.
            *(one for one in from_validation(error, overlaid.raw) if unknown.isdisjoint(_way(one))),
        ]


def _way(finding: Finding) -> Iterator[KeyPath]:
    """The path of a finding and all around it."""
    return (finding.path[:length] for length in range(len(finding.path) + 1))


def _placed(findings: list[Finding], overlaid: Overlaid, document: Document) -> list[Problem]:
    hidden = [finding.path for finding in findings if finding.hides_value]
    return [
        document.problem(finding, hidden)
        if (variable := overlaid.variable(finding.path)) is None
        else Problem(
            file=variable,
            line=None,
            column=None,
            severity=finding.severity,
            code=finding.code,
            text=finding.text,
            help=finding.help,
        )
        for finding in findings
    ]


def _sorted(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    def place(problem: Problem) -> tuple[int, int, str]:
        return problem.line or sys.maxsize, problem.column or 0, problem.file

    return tuple(sorted(problems, key=place))
