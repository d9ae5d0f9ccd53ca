"""The simulated Epom. It knows its provider's documents and the server's interface to a service.

Kinds of fault of its own, beside the general ones. Writes: `success_true`, `success_false`,
`odd_json` (the provider's printed samples), `error_page`, `ignore` (yes, and nothing applied),
`some_rows` (yes, and every second entry applied), `half` (half applied, then 500), `round`, `clamp`
(other prices applied), `late` (applied after so many seconds of the server's clock, or at the act
`settle`). Reads: `list_missing`, `list_twice`, `list_empty`, `list_as_object`, `countries_as`,
`unquoted`, `java_doubles`, `text_numbers`, `new_fields`, `lacking`, `unknown_enum`, `not_set`,
`other_pricing`. Acts: `clock`, `permission`, `options`, `settle`. What nobody has written down is
chosen in `options.py`."""

from syncd.simulator.epom.service import Epom

__all__ = ["Epom"]
