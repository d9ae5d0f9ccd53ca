"""The refusals of whole calls at the simulated Criteo: a status and one error each."""


class Refusal(Exception):
    """A whole call is refused with a status and one error."""

    def __init__(self, status: int, kind: str, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.kind = kind
        self.code = code


def unreadable(text: str) -> Refusal:
    """400: the body is not of the shape that the call takes."""
    return Refusal(400, "validation", "malformed-request", text)


def invalid(text: str) -> Refusal:
    """400: the body can be read, and what it asks for cannot be."""
    return Refusal(400, "validation", "required-field", text)


def forbidden(text: str) -> Refusal:
    """403 with the one code that the provider has for it."""
    return Refusal(403, "access-control", "insufficient-advertiser-permissions", text)
