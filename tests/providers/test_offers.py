"""What every built-in adapter declares of itself, in every dialect, speaks of what it has."""

from __future__ import annotations

import pytest

from syncd.config import catalogue
from syncd.model.listing import Capabilities
from syncd.providers import registry

_SCOPES = {"icas": {"tenant": ("kleinanzeigen",)}, "pai": {"region": ("cn-hangzhou",)}}
OFFERS = {
    f"{one.name} {dialect}": registry.capabilities(one.name, dialect, _SCOPES.get(one.name, {}))
    for one in catalogue.BUILT_IN.values()
    for dialect in one.dialects
}
every_offer = pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)


@every_offer
def test_only_writes_have_a_settle_time_of_their_own(offer: Capabilities) -> None:
    assert offer.settles.keys() <= offer.writes
    assert all(seconds > 0 for seconds in offer.settles.values())


def test_what_takes_longer_than_an_accounts_settle_time_says_so() -> None:
    assert {name: offer.settles for name, offer in OFFERS.items() if offer.settles} == {
        "voipbin documented": {"PUT campaign": 120.0},
        "voipbin current": {"PUT campaign/status": 120.0},
        "epom documented": {"POST pricing/batch": 300.0},
        "epom current": {"POST pricing/batch": 300.0},
    }
