"""How long an answer of the store is waited for: one that hangs must not keep those waiting who ask for it."""

import asyncio
from typing import TypeVar

from publication.errors import StoreUnreachableError

Answer = TypeVar("Answer")


async def in_time(asked: "asyncio.Future[Answer]", seconds: float) -> Answer:
    """The answer. Raises StoreUnreachableError where there is none in time: then it is not asked for any more."""
    await asyncio.wait({asked}, timeout=seconds)
    if not asked.done():
        asked.cancel()
        raise StoreUnreachableError(f"The publication store has not answered for {seconds:g} seconds.")
    return asked.result()
