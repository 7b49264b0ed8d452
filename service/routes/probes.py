"""Whether the service lives and can serve, and what Prometheus reads."""

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service import schemas
from service.freshness import Clock, Watcher
from service.rendering import publication_block

NO_STORE = {"Cache-Control": "no-store"}


def probes_router(watcher: Watcher, registry: CollectorRegistry, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["probes"])

    @router.get("/healthz", response_model=schemas.AliveAnswer)
    async def healthz() -> Response:
        """Alive: the process answers."""
        return JSONResponse({"status": "alive"}, headers=NO_STORE)

    @router.get("/readyz", response_model=schemas.ReadyAnswer, responses={503: schemas.answers(503)[503]})
    async def readyz() -> Response:
        """Able to serve: there is a publication. A lost store is told, but what was read before is still served."""
        edition = watcher.edition
        block = publication_block(edition.publication, edition.heading, edition.freshness(clock()))
        return JSONResponse({"publication": block, "status": "ready", "store": watcher.store_state}, headers=NO_STORE)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics(request: Request) -> Response:
        """Metrics in the format that the scraper asks for."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={**NO_STORE, "Content-Type": content_type})

    return router
