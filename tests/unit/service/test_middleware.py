"""Answers of the outermost layer where the layers below give none."""

import asyncio
import json

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from service.http.access_record import client_label
from service.http.middleware import RequestMiddleware
from service.observability.metrics import RequestMetrics, RequestRecorder

ASKED: Scope = {"type": "http", "method": "GET", "path": "/v1/pressure", "query_string": b"", "headers": []}


async def _never(_scope: Scope, _receive: Receive, _send: Send) -> None:
    await asyncio.Event().wait()


async def _cancelled() -> list[Message]:
    """Return what is sent if the server cancels a request that is still open, as uvicorn does at shutdown."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    edge = RequestMiddleware(_never, RequestRecorder(RequestMetrics(CollectorRegistry())))
    task = asyncio.create_task(edge(ASKED, receive, send))
    await asyncio.sleep(0)
    task.cancel("the time is over")
    await task
    return sent


def test_a_request_that_waits_when_the_service_ends_is_answered() -> None:
    start, body = asyncio.run(_cancelled())
    headers = dict(start["headers"])
    assert (start["status"], headers[b"content-type"]) == (503, b"application/problem+json")
    assert {b"retry-after", b"x-request-id", b"content-security-policy"} <= set(headers)
    assert headers[b"connection"] == b"close"
    assert json.loads(body["body"])["type"] == "urn:headroom:problem:shutting-down"


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("hr_d0afe08e6d_secret", "-"),  # a key that a trusted proxy passed on in X-Forwarded-For
        ('a"} {"b', "-"),
        ("", "-"),
    ],
)
def test_a_caller_is_named_by_nothing_but_an_address(address: str, named: str) -> None:
    assert client_label((address, 0)) == named
