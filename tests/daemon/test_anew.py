"""What is held and read again: judged by the rules that it meets now; where no rule held it, told
only that the provider shows all of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncd.daemon.anew import CLEARED, judged_anew, moved
from syncd.model.guard import Rules
from syncd.model.plan import Mark, UpdatePlan, blank
from syncd.model.update import Pending, Policy
from tests.model.queued import DAILY, FIELDS, NAME, asking, plan

BOTH = {DAILY: "50", NAME: "new"}
SEEN = {DAILY: "100", NAME: "old"}


def left_by_a_read(update: Pending) -> UpdatePlan:
    """Held for no rule: an unanswered call, of which no read could tell."""
    paths = [blank(update, path, None, Mark.HELD) for path in sorted(update.patch)]
    return UpdatePlan(update=update, paths=tuple(paths))


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (BOTH, CLEARED),
        (SEEN, None),
        (BOTH | {NAME: "old"}, None),
        (BOTH | {NAME: "odd"}, None),
        ({DAILY: "50"}, None),
        (BOTH | {DAILY: None}, None),
        ({"deleted": "true"}, None),
    ],
)
def test_what_a_read_left_to_a_person_is_over_only_where_all_of_it_shows(
    policy: Policy, shown: Mapping[str, str | None], code: str | None
) -> None:
    update = asking(1, BOTH, reference=SEEN, policy=policy)
    held = [left_by_a_read(update)]
    anew = judged_anew(held, plan([update], {"a": shown}, Rules(fields=FIELDS)))
    assert [one.deciding.code for one in anew.values()] == ([code] if code else [])
    assert moved(held, anew) == {}
    if code:
        assert {path.mark for path in anew[1].paths} == {Mark.HELD}, "a plan moves nothing"
        assert "the value is already set; syncd updates retry 1" in (anew[1].deciding.message or "")


def test_what_is_not_there_or_comes_later_is_not_over() -> None:
    update = asking(1, BOTH, reference=SEEN)
    held = [left_by_a_read(update)]
    for one, shown in (
        (asking(1, BOTH, reference=SEEN, awaited={DAILY: "100"}), {"a": BOTH}),
        (asking(1, BOTH, reference=SEEN, overtaken={DAILY: 2}), {"a": BOTH}),
        (asking(1, BOTH, reference=None, is_create=True, external_id="+1"), {"+1": BOTH}),
        (update, {}),
    ):
        assert judged_anew(held, plan([one], shown)) == {}
