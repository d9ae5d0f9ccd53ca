"""The simulated ICAS (Kleinanzeigen, Marktplaats, 2dehands, 2ememain, Kijiji). It knows its
provider's documents and the server's interface to a service.

Options, with their defaults first: `tenant` (kleinanzeigen, marktplaats, 2dehands, 2ememain,
kijiji), `scope` ("api_ro api_rw"), `refresh_token` (made from the seed), `redirect_uri` (any),
`consent` (granted, denied, refused), `rotation` (at_once, until_used, never), `default_daily`
(10000000 micros), `daily_min`, `daily_max`, `total_min`, `total_max` (micros), `max_campaigns`
(1000), `missing_title` (clear, keep), `partial_budgets` (refuse, reset), `below_spent` (refuse,
accept), `activate_reached` (noop, refuse), `create_status` (201, 200). The dialects differ in the
media type of errors, in the longest vendorId (64, or 255 in `current`) and in whether a create may
leave out `budgets` (in `current` it may not)."""

from syncd.simulator.icas.service import Icas

__all__ = ["Icas"]
