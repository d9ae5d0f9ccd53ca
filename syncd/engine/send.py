"""One call of a push: intent, send, settle, read back. Nothing leaves without a committed intent,
and whatever comes back, or does not, every update in the call gets its own result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from syncd.crashpoint import crashpoint
from syncd.engine.account import Account
from syncd.engine.events import CallSettled
from syncd.engine.intent import Intent
from syncd.engine.ledger import Ledger, outcome_of
from syncd.engine.reading import proven, shown
from syncd.engine.supervisor import finish
from syncd.errors import (
    AuthFailed,
    CallRefused,
    Forbidden,
    IntentRefused,
    NotSent,
    ProviderError,
)
from syncd.model.batch import Batch, Settlement
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem
from syncd.model.campaign import Campaign
from syncd.model.listing import Marker
from syncd.model.path import DELETED
from syncd.model.plan import Mark, PushPlan, Values
from syncd.model.run import RunOutcome
from syncd.model.settling import (
    NOT_TAKEN,
    halves,
    judged_alone,
    looked_up,
    no_word,
    nothing_sent,
    settled,
    undecided,
)
from syncd.model.update import Outcome, State

_Seen = tuple[Sequence[Campaign], Marker]


class Sender:
    """Sends the calls of one plan."""

    def __init__(self, account: Account, run_id: int, plan: PushPlan, ledger: Ledger) -> None:
        self._account = account
        self._run_id = run_id
        self._plan = plan
        self._ledger = ledger

    async def send(self, call: WriteCall) -> list[WriteCall]:
        """Send one call. Returns smaller ones to send instead, when it was refused whole for what
        is in it."""
        batch = Batch(
            id=await self._account.queue.new_batch_id(),
            run_id=self._run_id,
            call=call,
            updates=self._plan.carried_by(call),
        )
        result = await self._exchange(batch)
        if result is None:
            return []
        result, seen = await self._checked(batch, judged_alone(result))
        await self._settle(batch, result)
        # Not before: a campaign with a call under way is left as it is.
        if seen is not None:
            await self._account.mirror.absorb(batch.run_id, *seen)
        if result.whole in (Whole.TOO_LARGE, Whole.INVALID):
            return halves(call)
        self._halt_if_useless(result)
        await self._read_back(batch, result)
        return []

    async def _exchange(self, batch: Batch) -> CallResult | None:
        """Intent and send. None: nothing was sent and nothing was written."""
        intent = Intent(self._account, batch)
        try:
            result = await self._account.provider.write(batch.call, intent.commit)
            crashpoint("after_reply_parsed")
            if intent.is_committed:
                return result
            self._ledger.halt(
                *_why(result, result.whole)
            )  # no token or no permit: nothing was intended
        except IntentRefused as refused:
            if intent.is_committed:
                return nothing_sent(batch, refused)
            self._refused(refused)
        except ProviderError as error:
            if intent.is_committed:
                return no_word(batch, str(error))
            self._ledger.halt(error, outcome_of(error))
        except BaseException:
            if intent.is_committed:
                said = "the process was stopped before the answer"
                await finish(self._settle(batch, no_word(batch, said)))
            raise
        finally:
            self._ledger.calls += intent.is_committed
        return None

    async def _settle(self, batch: Batch, result: CallResult) -> None:
        sent = [update for update in batch.updates if update.mark is Mark.SEND]
        settle = self._account.provider.capabilities.settles.get(batch.call.operation)
        items = tuple(
            settled(update, result.verdicts[update.update.external_id], settle) for update in sent
        )
        settlement = Settlement(result=result, items=items)
        reached = await finish(self._account.outbox.settle(batch, settlement))
        crashpoint("after_result_commit")
        self._ledger.states.update(reached)
        for update, item in zip(sent, items, strict=True):
            if item.verdict.outcome is Outcome.APPLIED and item.state is State.QUEUED:
                self._ledger.progressed(update.update.external_id)
        self._ledger.states.update(
            (update.update.id, State.SUPERSEDED)
            for update in batch.updates
            if update.mark is Mark.SUPERSEDED
        )
        self._account.observe(
            CallSettled(
                account=self._account.name,
                batch_id=batch.id,
                operation=batch.call.operation,
                status=result.status,
                outcomes=Counter(item.verdict.outcome.value for item in items),
            )
        )

    async def _checked(self, batch: Batch, result: CallResult) -> tuple[CallResult, _Seen | None]:
        """A reply that shows another value than the one asked for is what was stored, or an older
        state of what is right by now; a read tells, and without one the item stays unknown. A start
        that was refused is looked at too: nobody may be called under the word rejected. So is a
        delete: what is not there any more was deleted, whoever said so first. With the result comes
        what was read, for the mirror."""
        odd = [item for item in batch.call.items if self._is_odd(item, result)]
        if not odd:
            return result, None
        values: dict[str, Values] = {}
        seen: _Seen | None = None
        marker = await self._account.mirror.mark()
        try:
            reading = await self._account.provider.read([item.external_id for item in odd])
            reading = await proven(self._account, reading)
            values = shown(reading)
            seen = list(reading.campaigns.values()), marker
        except ProviderError:
            pass  # nothing was learnt: a later pass finds out
        except BaseException:
            said = "the process was stopped before a read told what became of it"
            await finish(self._settle(batch, undecided(result, odd, said)))
            raise
        judged = {
            item.external_id: looked_up(
                result.verdicts[item.external_id], item, values.get(item.external_id)
            )
            for item in odd
        }
        return replace(result, verdicts={**result.verdicts, **judged}), seen

    def _is_odd(self, item: WriteItem, result: CallResult) -> bool:
        verdict = result.verdicts[item.external_id]
        if verdict.outcome is not Outcome.REJECTED or item.is_create:
            return False
        return (
            verdict.code == NOT_TAKEN
            or DELETED in item.changes
            or self._account.rules.starts(item.changes)
        )

    async def _read_back(self, batch: Batch, result: CallResult) -> None:
        """One read for what was applied, so that the mirror shows it and the update is confirmed at
        once."""
        account = self._account
        applied = [
            verdict.created_id or one
            for one, verdict in result.verdicts.items()
            if verdict.outcome is Outcome.APPLIED
        ]
        if not applied or account.is_stopping() or not account.provider.capabilities.reads_back:
            return
        marker = await account.mirror.mark()
        try:
            reading = await account.provider.read(applied)
        except ProviderError:
            return  # the next pull confirms
        await account.mirror.absorb(batch.run_id, list(reading.campaigns.values()), marker)
        deleted = {item.external_id for item in batch.call.items if DELETED in item.changes}
        gone = sorted(reading.gone & deleted)
        if gone:
            await account.mirror.bury(batch.run_id, gone, marker)

    def _refused(self, refused: IntentRefused) -> None:
        """A pause or the deadline ends the pass; a cancelled update only asks for a new plan."""
        if refused.code != "changed":
            self._ledger.halt(refused, RunOutcome.PARTIAL)

    def _halt_if_useless(self, result: CallResult) -> None:
        """Reasons that no other call of this pass would escape, be they told of all items or of
        some."""
        tries = max(self._ledger.tries.values())
        for whole in sorted(result.reasons):
            is_final = whole is not Whole.UNAUTHORISED or tries > 1
            if whole in _FINAL and is_final:
                self._ledger.halt(*_why(result, whole))


_FINAL = {Whole.NOT_SENT, Whole.FORBIDDEN, Whole.UNUSABLE, Whole.STOPPED, Whole.UNAUTHORISED}


def _why(result: CallResult, whole: Whole | None) -> tuple[ProviderError, RunOutcome]:
    """A whole refusal as an error of the pass, and the outcome that it gives the run."""
    message, remedy, status = result.message or "the call was refused", result.remedy, result.status
    match whole:
        case Whole.THROTTLED | Whole.STOPPED:
            return CallRefused(message, remedy=remedy, status=status), RunOutcome.PARTIAL
        case Whole.UNAUTHORISED:
            return AuthFailed(message, remedy=remedy, status=status), RunOutcome.FAILED
        case Whole.FORBIDDEN:
            return Forbidden(message, remedy=remedy, status=status), RunOutcome.FAILED
        case Whole.NOT_SENT:
            return NotSent(message, remedy=remedy), RunOutcome.FAILED
        case _:
            return CallRefused(message, remedy=remedy, status=status), RunOutcome.FAILED
