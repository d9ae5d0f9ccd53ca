"""Pages by token: what one of them holds, and whether a listing can end or go on with it. Knows no
addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from syncd.errors import BadAnswer
from syncd.model.campaign import Campaign
from syncd.model.listing import BadRow
from syncd.providers.fields import RowError, bad_row
from syncd.providers.transport import Answer
from syncd.providers.voipbin import rows
from syncd.providers.wire import split

_LONGEST_TOKEN: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One page and the token of the next, empty where there is none; `is_told`: the answer has a
    place for one, so that an empty one says that no page follows."""

    campaigns: tuple[Campaign, ...]
    bad: tuple[BadRow, ...]
    token: str
    is_told: bool
    dialect: str | None

    @property
    def size(self) -> int:
        return len(self.campaigns) + len(self.bad)

    @property
    def is_last(self) -> bool:
        return not self.size or not self.token

    def flaw(self, tokens: set[str], fullest: int) -> str | None:
        """Why the listing can neither end here nor go on, given the tokens that came before and
        how many rows a page may have. A full page that lost its token is no end."""
        if not self.size:
            is_new = self.token and self.token not in tokens
            return "an empty page has a token for more" if is_new else None
        if not self.token:
            is_end = self.is_told or self.size < fullest
            return None if is_end else "a full page has no token for the next"
        return "a token came twice: the listing goes in a circle" if self.token in tokens else None


def listed(answer: Answer, what: str) -> Listed:
    """The page in an answer. Raises BadAnswer, naming `what`, where it is none."""
    envelope, found = split(answer.body, "result", what)
    if found is None and envelope.get("result", 0) is not None:
        raise BadAnswer(f"{what} has no list of campaigns", status=200)
    campaigns: list[Campaign] = []
    bad: list[BadRow] = []
    marks: set[str | None] = set()
    for row in found or ():
        try:
            one, dialect = rows.read(row)
        except rows.NilRow as error:
            bad.append(replace(bad_row(row, str(error)), external_id=None))
        except RowError as error:
            bad.append(bad_row(row, str(error)))
        else:
            campaigns.append(one)
            marks.add(dialect)
    clear = marks - {None}
    return Listed(
        campaigns=tuple(campaigns),
        bad=tuple(bad),
        token=_token(envelope.get("next_page_token"), what),
        is_told="next_page_token" in envelope,
        dialect=clear.pop() if len(clear) == 1 else None,
    )


def _token(given: object, what: str) -> str:
    """The token as it came; it is given back as it is."""
    token = "" if given is None else given
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
        raise BadAnswer(f"{what} has a next_page_token that is none", status=200)
    return token
