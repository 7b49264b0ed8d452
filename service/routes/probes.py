"""Routes of liveness, of readiness and of metrics."""

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.errors import PlaceRemovedError
from service.publications.repository import Clock, PublicationRepository
from service.routes import schemas
from service.routes.auth_cache import headers_of

NO_STORE = {"Cache-Control": "no-store"}


def probes_router(repository: PublicationRepository, registry: CollectorRegistry, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["probes"])

    @router.get("/healthz", response_model=schemas.AliveAnswer)
    async def healthz() -> Response:
        """Alive: the process answers."""
        return JSONResponse({"status": "alive"}, headers=NO_STORE)

    @router.get("/readyz", response_model=schemas.ReadyAnswer, responses={503: schemas.answers(503)[503]})
    async def readyz(request: Request) -> Response:
        """Able to serve: there is a publication. A lost store is reported; the last publication is still served.

        Where keys are required, and none is sent, it does not name the publication.
        """
        state = {"status": "ready", "store": repository.status.state}
        _ = repository.current
        if request.state.principal is None:
            return JSONResponse(state, headers=NO_STORE)
        try:
            served = await repository.served(request.state.principal.place)
        except PlaceRemovedError:  # the key's place is gone, which is no fault of this replica
            return JSONResponse(state, headers=NO_STORE)
        return JSONResponse({"publication": served.metadata(served.freshness(clock())), **state}, headers=NO_STORE)

    @router.get(
        "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **schemas.rejections(503)}
    )
    async def metrics(request: Request) -> Response:
        """Metrics in the format that the scraper accepts."""
        try:
            encode, content_type = choose_encoder(headers_of(request).get("accept", ""))
        except (TypeError, ValueError):  # of a version that is none
            encode, content_type = choose_encoder("")
        return Response(encode(registry), headers={**NO_STORE, "Content-Type": content_type})

    return router
