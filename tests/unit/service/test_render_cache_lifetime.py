"""An address leads to its body for as long as its lifetime, then to its route again."""

import asyncio
import time

from service.http.conditional import Representation
from service.publications.render_cache import RenderCache

LIFETIME_SECONDS = 0.05


def test_an_address_with_a_lifetime_is_forgotten_after_it_and_another_is_not() -> None:
    cache, body = RenderCache(), Representation.of(b"<p>today</p>", "text/html")
    asyncio.run(cache.get(("page",), lambda: body))
    cache.remember(("/",), ("page",), "/", LIFETIME_SECONDS)
    cache.remember(("/v1/system",), ("page",), "/v1/system")
    assert cache.find_alias(("/",)) == (body, "/")
    time.sleep(2 * LIFETIME_SECONDS)
    assert cache.find_alias(("/",)) is None
    assert cache.find_alias(("/v1/system",)) == (body, "/v1/system")
