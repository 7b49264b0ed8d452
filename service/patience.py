"""How long an answer of the store is waited for: one that hangs must not keep those waiting who ask for it."""

import asyncio
from typing import TypeVar

from publication.errors import StoreUnreachableError

Answer = TypeVar("Answer")


async def in_time(asked: "asyncio.Future[Answer]", seconds: float) -> Answer:
    """The answer. Raises StoreUnreachableError where there is none in time; what was asked goes on by itself."""
    await asyncio.wait({asked}, timeout=seconds)
    if not asked.done():
        asked.add_done_callback(_heard)
        raise StoreUnreachableError(f"The publication store has not answered for {seconds:g} seconds.")
    return asked.result()


def _heard(late: "asyncio.Future[Answer]") -> None:
    """An error that comes too late is nobody's any more."""
    if not late.cancelled():
        late.exception()
