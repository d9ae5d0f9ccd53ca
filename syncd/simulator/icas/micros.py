"""Amounts of the simulated ICAS: whole micros (a million to one unit of currency) inside, plain
decimals or `unlimited` for whoever looks from outside. None stands for no limit."""

from decimal import Decimal, InvalidOperation

from syncd.simulator.wire import plain

UNLIMITED = "UNLIMITED"
LARGEST = 2**63 - 1


def amount_of(micros: int | None) -> str:
    """12500000 is "12.5"; None is "unlimited"."""
    return "unlimited" if micros is None else plain(Decimal(micros).scaleb(-6))


def micros_of(text: str | None) -> int | None:
    """The other way; raises ValueError for what is no amount or finer than a micro."""
    if text == "unlimited":
        return None
    try:
        micros = Decimal(text or "").scaleb(6)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no amount") from error
    if not micros.is_finite() or micros != micros.to_integral_value() or not 0 <= micros <= LARGEST:
        raise ValueError(f"{text!r} is no amount in whole micros")
    return int(micros)


def spelt(micros: int | None) -> str:
    """As the API writes a limit: digits, or UNLIMITED."""
    return UNLIMITED if micros is None else str(micros)
