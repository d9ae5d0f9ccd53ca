"""The kinds of fault that need to know VoIPBIN's answers: what a write does that it does not say,
and what an answer says that is not so. The generic kinds cut, delay and garble beside them.

Writes; each keeps the write from being applied, save `alter` and `stopping`. The answer looks as if
all was done, or shows what is there with `shows = "real"`:
  ignore          200, and nothing was applied.
  later           200, or the refusal `reason`; applied after `seconds`, or at the act `settle`.
  half            500; the row was written, actions and status were not.
  echo_other      200 with another campaign (`id`); applied all the same with `apply = true`.
  all_zero        200 with a campaign of zeros; applied all the same with `apply = true`.
  alter           200, applied, and then `path` has another value: `value`.
  stopping        a stop gives `stopping`, until the act `hang_up`.
Any answer:
  refuse          the refusal `reason`, before or after applying; with `details`, `retry_after`.
  bare            a refusal of the service loses its body.
  odd_value       campaigns (`ids`, else all) show `value` in `field`: a status, type or end_handle
                  that nobody knows, an odd time, a number as text.
  new_field       the same for a field that no document knows, `labels` unless another is named.
  unknown_enum    campaigns (`ids`, else all) show a status and a type that no document knows.
  missing_field   campaigns (`ids`, else all) lack `field`.
Lists (rows are `ids`, or the last one):
  page_drift      rows moved down by one since the page before: one comes twice, another never.
  rows_left_out   rows are not shown.
  rows_twice      rows are shown twice. Also called page_repeat.
  deleted_hidden  deleted campaigns are not shown.
  empty_page      no rows and no token, whatever there is. Also called page_empty.
  null_result     null in the place of the rows.
  token           next_page_token is `value`, or absent where none is given.
  token_stuck     next_page_token leads to this same page. Also called page_stuck."""

from collections.abc import Mapping

from syncd.simulator.faults import Kind
from syncd.simulator.voipbin.answer_faults import AnswerFaults
from syncd.simulator.voipbin.answers import Answers
from syncd.simulator.voipbin.calls import Calls
from syncd.simulator.voipbin.world import World
from syncd.simulator.voipbin.write_faults import WriteFaults


def kinds_of(world: World, answers: Answers, calls: Calls) -> Mapping[str, Kind]:
    """All kinds by name, over one world."""
    return {
        **WriteFaults(world, answers, calls.withheld).kinds,
        **AnswerFaults(world, answers).kinds,
    }
