"""The peers: bare routes of FastAPI and Starlette, and MLflow's own server, that give one body.

`python -m benchmarks.serving.peers fastapi|starlette PORT FILE`
"""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp


def bare_fastapi(body: bytes) -> ASGIApp:
    app = FastAPI()

    @app.get("/body")
    async def complete_body() -> Response:
        return Response(body, media_type="application/json")

    return app


def bare_starlette(body: bytes) -> ASGIApp:
    async def complete_body(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/body", complete_body)])


if __name__ == "__main__":
    kind, port, file = sys.argv[1:]
    app = {"fastapi": bare_fastapi, "starlette": bare_starlette}[kind](Path(file).read_bytes())
    uvicorn.run(app, port=int(port), access_log=False, log_level="error", ws="none")
