"""What a pass is doing, on stderr while it lasts: bars on a terminal, else a line every ten
seconds, or nothing. It is told events and draws; nothing is only said here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final, Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from syncd.cli.render.screen import Screen
from syncd.cli.text import count
from syncd.engine.events import CallSettled, Event, PageSeen, PassEnded, PassStarted

_WIDTH: Final = 24
_EVERY: Final = 10.0
Observe = Callable[[Event], None]


@contextlib.contextmanager
def progress(screen: Screen) -> Iterator[Observe]:
    """An observer that draws until the block ends."""
    match _kind(screen):
        case "bar":
            with _Bars(screen) as bars:
                yield bars.see
        case "plain":
            yield _Lines(screen).see
        case _:
            yield lambda _event: None


def _kind(screen: Screen) -> str:
    """A flag beats what the terminal suggests."""
    choices = screen.choices
    if choices.quiet:
        return "none"
    if choices.progress != "auto":
        return choices.progress
    is_plain = (
        screen.is_accessible or "CI" in screen.environ or screen.environ.get("TERM") == "dumb"
    )
    return "bar" if screen.err.isatty() and not is_plain else "plain"


class _Bar(ProgressColumn):
    """`[######....]`, the same in every font."""

    def render(self, task: Task) -> Text:
        share = task.completed / task.total if task.total else 0.0
        filled = min(_WIDTH, round(share * _WIDTH))
        return Text(f"[{'#' * filled}{'.' * (_WIDTH - filled)}]")


class _Bars:
    """One bar for each account and pass."""

    def __init__(self, screen: Screen) -> None:
        console = Console(file=screen.err, force_terminal=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            _Bar(),
            TextColumn("{task.fields[done]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._campaigns: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def see(self, event: Event) -> None:
        match event:
            case PassStarted():
                self._tasks[event.account, event.kind] = self._progress.add_task(
                    f"{event.account}  {event.kind.value:<7}", total=None, done=""
                )
            case PageSeen():
                seen = self._campaigns.get(event.account, 0) + event.campaigns
                self._campaigns[event.account] = seen
                task = self._tasks[event.account, "pull"]
                total = event.total or None
                self._progress.update(
                    task, completed=event.pages, total=total, done=f"{count(seen)} campaigns"
                )
            case CallSettled():
                task = self._tasks[event.account, "push"]
                done = sum(event.outcomes.values()) + int(self._progress.tasks[task].completed)
                self._progress.update(task, completed=done, done=f"{count(done)} updates answered")
            case PassEnded():
                self._progress.remove_task(self._tasks.pop((event.account, event.kind)))


class _Lines:
    """A line when ten seconds have passed since the last one of an account."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._last: dict[str, float] = {}
        self._campaigns: dict[str, int] = {}

    def see(self, event: Event) -> None:
        match event:
            case PassStarted():
                self._last[event.account] = time.monotonic()
            case PageSeen():
                seen = self._campaigns.get(event.account, 0) + event.campaigns
                self._campaigns[event.account] = seen
                of = f" of {event.total}" if event.total else ""
                self._say(event.account, f"pull  page {event.pages}{of}, {count(seen)} campaigns")
            case CallSettled():
                self._say(
                    event.account, f"push  call answered: {sum(event.outcomes.values())} updates"
                )
            case PassEnded():
                return

    def _say(self, account: str, text: str) -> None:
        now = time.monotonic()
        if now - self._last.get(account, now) >= _EVERY:
            self._last[account] = now
            self._screen.talk(f"{time.strftime('%H:%M:%S')} {account} {text}")
