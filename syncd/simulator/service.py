"""What the server needs of a simulated provider, whatever its protocol is. A service judges
requests and keeps a world; sockets, limits, faults and the journal are the server's."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.faults import Kind
from syncd.simulator.rate import Rate, Verdict

Act = Callable[[dict[str, Any]], Any]
"""What people or time do, by the admin interface: takes and returns a JSON object; raises KeyError
for an unknown id or a missing argument, ValueError for a bad value."""


class World(Protocol):
    """Campaigns as the provider really has them, in the one vocabulary of field paths."""

    def ids(self) -> list[str]:
        """All campaigns in view."""

    def truth(self) -> list[dict[str, Any]]:
        """Every campaign as a JSON object: `id`, `is_removed`, `values` (field path to text or
        null, amounts as plain decimal strings or `unlimited`), and whatever else a judge needs."""

    def edit(self, campaign_id: str, values: Mapping[str, str | None]) -> None:
        """Change a campaign as a person in the provider's own pages: at once, without rules.

        Raises KeyError for an unknown id and ValueError for a bad value.
        """

    def remove(self, ids: Iterable[str]) -> None:
        """Take campaigns out of everybody's sight; `restore` brings them back as they were."""

    def restore(self, ids: Iterable[str]) -> None:
        """Undo `remove`."""


class Service(Protocol):
    """One provider's protocol over one world; no method waits."""

    @property
    def world(self) -> World:
        """The campaigns behind it."""

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds of fault that only make sense at this provider."""

    @property
    def writes(self) -> frozenset[str]:
        """The operations that change campaigns."""

    @property
    def rates(self) -> Mapping[str, Rate | None]:
        """The limit of each group of operations, as documented or assumed; None: no limit."""

    def limit_group(self, operation: str) -> str | None:
        """The group that an operation counts in; None where it is not limited."""

    def operation(self, method: str, path: str) -> str:
        """The name of what is asked for: the word by which faults are armed."""

    def inspect(self, exchange: Exchange) -> None:
        """Note in the arrival whose credential it uses, its body, and the entries that it
        carries."""

    def answer(self, exchange: Exchange) -> Reply:
        """Judge a request, apply it to the world, note the truth in the arrival."""

    def throttled(self, verdict: Verdict, wall_ns: int) -> Reply:
        """The refusal of an arrival past the limit; `wall_ns` is its time since the epoch."""

    def describe(self) -> dict[str, Any]:
        """What a configuration needs, as JSON values: `base_path` (what follows the server's
        address in the account's base_url), `credentials` and `scope`."""

    def state(self) -> dict[str, Any]:
        """What there is to see of its inside, as JSON values."""

    @property
    def acts(self) -> Mapping[str, Act]:
        """What people and time can do at this provider alone, or do in their own way there."""

    def picks(self) -> dict[str, Any]:
        """Campaigns that show one documented answer each."""

    def expire_tokens(self) -> int:
        """End every access token now; returns how many were alive."""

    def add_campaigns(self, count: int) -> list[str]:
        """Add made-up campaigns; returns their ids."""
