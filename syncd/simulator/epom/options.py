"""What nobody has written down about Epom, as choices: each has a default and can be chosen at the
start or while the simulator runs. It knows names and words, not what they lead to."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from syncd.simulator.settings import Settings

CHOICES: Mapping[str, tuple[str, ...]] = {
    "absent": ("keep", "reset"),
    "all_campaigns": ("present", "missing"),
    "countries_as": ("list", "pairs", "object"),
    "csv_mode": ("merge", "replace"),
    "csv_part": ("countryPricing", "countryPrices", "both"),
    "delete_path": ("singular", "plural", "both"),
    "denied": ("status", "body"),
    "disabled_twice": ("400", "200"),
    "error_body": ("json", "empty", "html"),
    "multi_country": ("all", "some"),
    "replay": ("accept", "refuse"),
    "success": ("empty", "json"),
    "type_change": ("keep", "drop"),
    "united_kingdom": ("apart", "UK", "GB"),
}
"""The words that each choice takes, the default first."""


@dataclass(kw_only=True)
class Options:
    """All choices, and the one account that may call."""

    username: str = "demo-user"
    password: str = "demo-secret"
    absent: str = "keep"
    """What an update does to the optional parameters that it leaves out."""
    all_campaigns: str = "present"
    """Whether the list of all campaigns exists, or only the lists by advertiser."""
    countries_as: str = "list"
    """`countries: [{country, price}]`, `countryPricing: [{US: price}]` or `countries: {US: price}`
    in a pricing."""
    csv_mode: str = "merge"
    """What a file does to the country prices that it does not name."""
    csv_part: str = "countryPricing"
    """The name of the file's part; `current` starts with `countryPrices`."""
    delete_path: str = "singular"
    """Whether the paths of DELETE begin with `campaign`, with `campaigns` or with either."""
    denied: str = "status"
    """Whether a missing permission is a 403, or a 200 that says so."""
    disabled_twice: str = "400"
    """The answer to disabling what is disabled already."""
    error_body: str = "json"
    """What a refusal brings beside its status."""
    multi_country: str = "all"
    """Of several countries in one path of which one is wrong: nothing is applied, or the others."""
    replay: str = "accept"
    """Whether a hash may be used again."""
    success: str = "empty"
    """The body of an accepted write: none as in the contract, or `{"success":true}`."""
    type_change: str = "keep"
    """Whether another pricing type drops the prices per country and action."""
    united_kingdom: str = "apart"
    """Whether UK and GB are two countries, or one that is shown under the name given."""

    @classmethod
    def read(cls, settings: Settings) -> "Options":
        """The options of a start; raises ValueError for an unknown name or word."""
        made = cls()
        if settings.dialect == "current":
            made.csv_part = "countryPrices"
        for name, word in settings.options.items():
            made.choose(name, word)
        return made

    def choose(self, name: str, word: str) -> None:
        """Set one option; raises ValueError for an unknown name or word."""
        if name in {"username", "password"} and word:
            setattr(self, name, word)
            return
        if name not in CHOICES:
            known = ", ".join(field.name for field in fields(self))
            raise ValueError(f"epom has no option {name!r}; known: {known}")
        if word not in CHOICES[name]:
            raise ValueError(f"{name} can be {', '.join(CHOICES[name])}, not {word!r}")
        setattr(self, name, word)
