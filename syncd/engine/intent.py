"""The leave for one send: committed before it, and asked for again where it could not leave at
once. Sends nothing itself."""

from __future__ import annotations

import asyncio

from syncd.crashpoint import crashpoint
from syncd.engine.account import Account
from syncd.errors import DatabaseUnavailable, IntentRefused
from syncd.model.batch import Batch, Outgoing
from syncd.ports import LastWord
from syncd.timing import boottime

AT_ONCE = 0.8
"""Seconds in which a call leaves after the commit of its intent was begun, or has to be asked for
again: whoever pauses an account waits for the intents that have begun, and is promised that nothing
leaves a second later."""
ASKED = 3
"""How often, where the answer itself takes longer."""


class Intent:
    """What a provider awaits directly before its one send."""

    def __init__(self, account: Account, batch: Batch) -> None:
        self.is_committed = False
        self._begun = 0.0
        self._account = account
        self._batch = batch

    async def commit(self, outgoing: Outgoing) -> LastWord:
        """Commit the intent and look at the clock. Raises IntentRefused."""
        self._look_at_the_stop()
        self._begun = await self._account.outbox.intend(self._batch, outgoing)
        self.is_committed = True
        crashpoint("after_intent_commit")
        self._look_at_the_clock()
        return self._last_word

    async def _last_word(self) -> None:
        """Nothing leaves any more once the process was asked to stop. What has not left at once is
        asked for again: where the database or the way to the provider was slow, somebody may have
        paused the account since. Raises IntentRefused."""
        self._look_at_the_stop()
        if boottime() - self._begun <= AT_ONCE:
            return
        for _ in range(ASKED):
            try:
                async with asyncio.timeout(AT_ONCE):
                    await self._account.outbox.still_wanted()
                break
            except TimeoutError:
                continue  # an answer as old as that is none
            except DatabaseUnavailable as error:
                raise _refusal("late", "nobody can tell whether it may still leave") from error
        else:
            raise _refusal("late", "nobody could tell in time whether it may still leave")
        self._look_at_the_stop()
        self._look_at_the_clock()

    def _look_at_the_stop(self) -> None:
        if self._account.is_stopping():
            raise _refusal("stopped", "the process was asked to stop")

    def _look_at_the_clock(self) -> None:
        if boottime() + self._account.request_timeout > self._account.tenure.deadline:
            raise _refusal("deadline", "the lease would run out before the answer")


def _refusal(code: str, message: str) -> IntentRefused:
    return IntentRefused(message, remedy="the next pass sends it", code=code)
