"""Problems as pages, for callers that prefer HTML: a person in a browser."""

import json
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.conditional import preferred
from service.http.problems import PROBLEM_JSON
from service.http.security import RESPONSE_HEADERS
from service.page.templating import PageTemplates

HTML = "text/html"
OFFERED = ("application/json", HTML)
REPLACED = (b"content-type", b"content-length")


class ProblemPages:
    """The layer that turns the JSON of a problem into a page where `Accept` prefers HTML."""

    def __init__(self, app: ASGIApp, templates: PageTemplates, headers: Mapping[str, str]) -> None:
        self._app = app
        self._templates = templates
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or preferred(scope["state"]["headers"].get("accept", ""), OFFERED) != HTML:
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is not None and message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await self._send_page(scope, start, body, send)
            else:
                await send(message)

        await self._app(scope, receive, collect)

    async def _send_page(self, scope: Scope, start: Message, body: bytes, send: Send) -> None:
        template = self._templates.of(scope["state"]["prefix"]).get_template("problem.html")
        html = template.render(json.loads(body)).encode()
        headers = [(name, value) for name, value in start["headers"] if name.lower() not in REPLACED]
        more = {"Content-Type": f"{HTML}; charset=utf-8", "Content-Length": str(len(html)), "Vary": "Accept"}
        more |= {**RESPONSE_HEADERS, **self._headers}
        scope["state"]["is_prepared"] = True  # it has its security headers: those of the API would forbid its style
        raw = [(name.lower().encode(), value.encode()) for name, value in more.items()]
        await send({**start, "headers": headers + raw})
        await send({"type": "http.response.body", "body": html})


def _is_problem(start: Message) -> bool:
    kind = dict(start.get("headers", ())).get(b"content-type", b"")
    return bool(kind.startswith(PROBLEM_JSON.encode()))
