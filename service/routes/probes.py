"""Whether the service lives and can serve, and what Prometheus reads."""

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service import schemas
from service.archive import Archive
from service.freshness import Watcher
from service.ports import Clock
from service.problems import OutOfScopeError
from service.reception import headers_of

NO_STORE = {"Cache-Control": "no-store"}


def probes_router(watcher: Watcher, archive: Archive, registry: CollectorRegistry, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["probes"])

    @router.get("/healthz", response_model=schemas.AliveAnswer)
    async def healthz() -> Response:
        """Alive: the process answers."""
        return JSONResponse({"status": "alive"}, headers=NO_STORE)

    @router.get("/readyz", response_model=schemas.ReadyAnswer, responses={503: schemas.answers(503)[503]})
    async def readyz(request: Request) -> Response:
        """Able to serve: there is a publication. A lost store is told, but what was read before is still served.

        Where keys are asked for, and none is sent, it does not say which publication.
        """
        told = {"status": "ready", "store": watcher.store_state}
        _ = watcher.edition
        if request.state.visitor is None:
            return JSONResponse(told, headers=NO_STORE)
        try:
            edition = await archive.edition(request.state.visitor)
        except OutOfScopeError:  # the key's place is gone, which is no fault of this replica
            return JSONResponse(told, headers=NO_STORE)
        return JSONResponse({"publication": edition.block(edition.freshness(clock())), **told}, headers=NO_STORE)

    @router.get(
        "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **schemas.refusals(503)}
    )
    async def metrics(request: Request) -> Response:
        """Metrics in the format that the scraper asks for."""
        try:
            encode, content_type = choose_encoder(headers_of(request).get("accept", ""))
        except (TypeError, ValueError):  # of a version that is none
            encode, content_type = choose_encoder("")
        return Response(encode(registry), headers={**NO_STORE, "Content-Type": content_type})

    return router
