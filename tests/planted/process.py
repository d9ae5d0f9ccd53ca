"""`syncd` with a planted bug, or with none, as a process of its own.

python -m tests.planted.process NUMBER [ARGUMENT]..."""

import sys

from syncd.cli.app import main
from tests.planted.bug import SOUND
from tests.planted.table import BUGS


def _run() -> None:
    _, number, *arguments = sys.argv
    sys.argv = ["syncd", *arguments]
    if int(number) == SOUND:
        main()
        return
    with BUGS[int(number)].plant():
        main()


if __name__ == "__main__":
    _run()
