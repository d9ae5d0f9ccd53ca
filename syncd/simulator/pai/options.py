"""What can be chosen at the simulated PAI where its documents say two things or nothing. Values
only; each is obeyed elsewhere."""

from dataclasses import dataclass, fields

from syncd.simulator.settings import Settings

_DIALECTS = ("documented", "current")
_CHOICES = {
    "refusals": ("service", "gateway", "status"),
    "page_range": ("refuse", "clamp"),
    "filters": ("exact", "substring"),
    "order": ("created", "newest", "unstable"),
    "remark": ("absent", "null", "empty"),
    "update": ("unchanged", "blank"),
    "delete": ("allowed", "referenced"),
    "throttling": ("429", "400", "400-user"),
    "retry_after": ("seconds", "date", "none"),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """One way in which this provider may behave; the first choice named is the default."""

    dialect: str = "documented"
    region: str = "cn-hangzhou"
    api_key: str = "demo-api-key"
    access_key_id: str = "demo-access-key"
    access_key_secret: str = "demo-access-secret"
    security_token: str = ""
    """Where there is one, the access key is a temporary one and must come with it."""
    refusals: str = "service"
    """`service`: HTTP 200 with an ErrorCode; `gateway`: an HTTP status with Code and Message;
    `status`: an HTTP status with the service's own envelope."""
    page_range: str = "refuse"
    """A PageNumber or PageSize out of range: `refuse` with 400, or `clamp` to the nearest."""
    page_max: str = "100"
    """The largest PageSize."""
    filters: str = "exact"
    """Name and Remark filters: `exact` or `substring`."""
    order: str = "created"
    """Rows of a list: as `created`, `newest` first, or `unstable` (another order every time)."""
    remark: str = "absent"
    """A campaign without a remark shows it as `absent`, `null` or `empty`."""
    update: str = "unchanged"
    """What an update leaves out is `unchanged`, or set `blank`."""
    delete: str = "allowed"
    """A campaign that groups or schedules refer to: deleting is `allowed`, or refused while it is
    `referenced`."""
    throttling: str = "429"
    """The status past a limit: `429` with Throttling.User, `400` with Throttling, or `400-user`."""
    retry_after: str = "seconds"
    """How the wait is told past a limit: `seconds`, `date` or `none`."""

    @classmethod
    def of(cls, settings: Settings) -> "Options":
        """The options of some settings; raises ValueError for a name or value that is none."""
        if settings.dialect not in _DIALECTS:
            raise ValueError(f"dialect is one of {', '.join(_DIALECTS)}")
        known = {field.name for field in fields(cls)} - {"dialect"}
        for name in settings.options:
            if name not in known:
                raise ValueError(f"no option is called {name!r}; known: {', '.join(sorted(known))}")
        made = cls(dialect=settings.dialect, **settings.options)
        for name, choices in _CHOICES.items():
            if getattr(made, name) not in choices:
                raise ValueError(f"{name} is one of {', '.join(choices)}")
        if not made.page_max.isdecimal() or int(made.page_max) < 1:
            raise ValueError("page_max is a number from 1 on")
        return made

    def told(self) -> dict[str, str]:
        """The choices without anything secret, for people."""
        return {name: getattr(self, name) for name in ("dialect", "page_max", *_CHOICES)}
