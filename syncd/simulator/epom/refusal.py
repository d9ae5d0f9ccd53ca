"""The refusal of a whole call at the simulated Epom."""


class Refusal(Exception):
    """A call is refused with a status and a word that says why."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
