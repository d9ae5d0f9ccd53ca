"""A whole listing as one value: what an adapter's pages showed, what they left open, and how they
ended. Knows no bench."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from syncd.conformance.ending import Broken, counted
from syncd.errors import ProviderError
from syncd.model.campaign import Campaign
from syncd.model.listing import BadRow, Page
from syncd.ports import Provider

_LONGEST: Final = 60.0


@dataclass(kw_only=True)
class Pull:
    """`error` is what ended the listing before its end."""

    pages: list[Page] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def campaigns(self) -> dict[str, Campaign]:
        """By id, as they were shown last."""
        return {one.external_id: one for page in self.pages for one in page.campaigns}

    @property
    def bad(self) -> list[BadRow]:
        """Rows that could not be read."""
        return [row for page in self.pages for row in page.bad]

    @property
    def claims_all(self) -> bool:
        """Whether it says that it showed every campaign: a pull may then miss the others."""
        is_readable = all(row.external_id is not None for row in self.bad)
        return self.error is None and is_readable and all(page.is_whole for page in self.pages)

    @property
    def named(self) -> set[str]:
        """Every id that was shown, in a readable row or not."""
        bad = {row.external_id for row in self.bad if row.external_id is not None}
        return set(self.campaigns) | bad

    @property
    def end(self) -> str:
        """How it ended, in words."""
        if self.error is not None:
            return f"{type(self.error).__name__} after {counted(len(self.pages), 'page')}"
        return "whole" if self.claims_all else "not whole"


async def pulled(adapter: Provider) -> Pull:
    """List everything. Raises Broken where that does not end."""
    pull = Pull()
    try:
        async with asyncio.timeout(_LONGEST), aclosing(adapter.pages()) as pages:
            async for page in pages:
                pull.pages.append(page)
    except ProviderError as error:
        pull.error = error
    except TimeoutError:
        raise Broken(
            [f"the listing does not end: {len(pull.pages)} pages in {_LONGEST:g} s"]
        ) from None
    return pull
