"""One key for two different changes inside one file: the queue refuses the second with the number
that it had just given the first, and takes that back with all the rest. Here it is found out
whether the key is older than the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.cli.checking import Complaint
from syncd.cli.text import shown
from syncd.errors import Refusal
from syncd.store.accounts import Accounts, Wanted


async def taken_inside(
    accounts: Accounts, wanted: Sequence[Wanted], refusals: Sequence[Refusal]
) -> Mapping[int, int]:
    """By the place of an update that is refused for its key alone because of another in the same
    file, the place of that one. One question for each key: whoever is refused when asked for by
    itself meets an update that is in the queue already."""
    refused = {one.index for one in refusals}
    first: dict[tuple[str, str | None], int] = {}
    for index, one in enumerate(wanted):
        if index not in refused:
            first.setdefault(_name(one), index)
    for_key = [one.index for one in refusals if one.code == "key"]
    asked = list({_name(wanted[index]): index for index in for_key}.values())
    answers = await accounts.check([wanted[index] for index in asked])
    older = {_name(wanted[asked[one.index]]) for one in answers}
    names = {index: _name(wanted[index]) for index in for_key}
    return {
        index: first[name] for index, name in names.items() if name not in older and name in first
    }


def shared(one: Wanted, line: int) -> Complaint:
    """The complaint about an update whose key stands in that line already."""
    return Complaint(
        code="key",
        text=f'key "{shown(one.key or "")}" stands in line {line} already, for another change',
        remedy="give two changes two different keys; the rows of one change stand one below the"
        " other",
    )


def _name(one: Wanted) -> tuple[str, str | None]:
    return one.account, one.key
