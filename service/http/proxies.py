"""Proxies that are trusted to say who calls, and under which prefix the service is for the caller."""

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

PREFIX_HEADER = b"x-forwarded-prefix"


class TrustedProxyMiddleware:
    """Takes X-Forwarded-Prefix of trusted proxies as the root path of a request, and what uvicorn takes of them."""

    def __init__(self, app: ASGIApp, trusted: str) -> None:
        self._app = ProxyHeadersMiddleware(app, trusted)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] == "http" and client is not None and client[0] in self._app.trusted_hosts:
            given = [value.decode("latin-1").strip() for name, value in scope["headers"] if name == PREFIX_HEADER]
            if given:
                scope["root_path"] = ", ".join(given).rstrip("/")
        await self._app(scope, receive, send)  # type: ignore[arg-type]
