"""Reading a campaign's pricing, and what it means that there is none. Knows no list and no row."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from itertools import takewhile
from typing import Final

from syncd.errors import BadAnswer, CallRefused, Forbidden
from syncd.providers.calls import Calls
from syncd.providers.epom import answers
from syncd.providers.epom.forms import ACCEPT, campaign_path
from syncd.providers.transport import Answer
from syncd.providers.wire import NotStrict, parse_row

NONE_SHOWN: Final = (
    "Epom answers 404 for its pricing and for every other: base_url leads elsewhere, or no campaign"
    " has a pricing, and then give one of them its first at Epom"
)
_OF_ONE: Final = (Forbidden, CallRefused, BadAnswer)
_PRICING: Final = "GET pricing"
# So many others at most are asked for a pricing where Epom shows none.
_WITNESSES: Final = 5


class Pricings:
    """The pricings of one account's campaigns. Epom says 404 where none is set, and so does of
    everything whoever answers in its place."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        # The campaign that showed a pricing last: the best one to ask whether there are any.
        self._priced: str | None = None

    async def get(self, external_id: str) -> bytes | None:
        """A campaign's pricing, byte for byte; None for a 404. Raises ProviderError."""
        path = f"{campaign_path(external_id)}/pricing.do"
        found = await self._calls.read(
            self._calls.request(_PRICING, "GET", path, headers=ACCEPT),
            self._told,
            is_answer=lambda answer: answer.status in {200, 404},
        )
        if found is not None:
            self._priced = external_id
        return found

    async def untold(
        self,
        shown: dict[str, bytes | None],
        beside: Iterable[str],
        listed: Callable[[str], Awaitable[Collection[str]]],
    ) -> frozenset[str]:
        """Of campaigns just read, in that order, those of which nobody knows whether they have a
        pricing: a 404 counts where a later answer shows one, or, in an account without any other
        campaign, where Epom still shows this one. `beside` are the campaigns that the account is
        known to have, `listed` asks which Epom shows beside one."""
        bare = list(takewhile(lambda one: shown[one] is None, reversed(shown)))
        if not bare:
            return frozenset()
        known = beside if self._priced is None else (self._priced, *beside)
        others = [one for one in dict.fromkeys(known) if one not in bare]
        if await self._shows_any(others):
            return frozenset()
        with contextlib.suppress(*_OF_ONE):
            found = await listed(bare[0])
            more = [one for one in found if one not in bare and one not in others]
            is_only = bare[0] in found and len(bare) == 1 and not others and not more
            if is_only or await self._shows_any(more):
                return frozenset()
        return frozenset(bare)

    async def _shows_any(self, others: Sequence[str]) -> bool:
        """Whether one of a few of these, from all over the account, has a pricing: the oldest, with
        which a list begins, may all be without."""
        for one in others[:: -(-len(others) // _WITNESSES) or 1]:
            with contextlib.suppress(*_OF_ONE):
                if await self.get(one) is not None:
                    return True
        return False

    def _told(self, answer: Answer) -> bytes | None:
        if answer.status == 404:
            return None
        found = answers.told(answer, self._calls.hide)
        if found.is_no or found.is_printed_no or found.is_unclear:
            raise answers.refusal(answer, _PRICING, self._calls.hide, 0.0)
        try:
            parse_row(answer.body)
        except NotStrict as error:
            what = f"{_PRICING}: the answer is not JSON that can be trusted: {error}"
            raise BadAnswer(what, status=200) from error
        return answer.body
