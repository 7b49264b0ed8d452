"""The composition root: one function that puts the service together from what it is handed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry, disable_created_metrics

from service import problems
from service.archive import Archive
from service.assets import Assets
from service.collector import PublicationCollector
from service.freshness import Clock, PublicationStore, Watcher
from service.metrics import RequestMetrics
from service.middleware import Edge
from service.routes.catalogue import catalogue_router
from service.routes.docs import DOCS_ASSETS, docs_router
from service.routes.forecasts import forecasts_router
from service.routes.pages import pages_router
from service.routes.pressure import pressure_router
from service.routes.probes import probes_router
from service.schemas import label_problems
from service.settings import Settings

TITLE = "Headroom"
API_VERSION = "1"
OPENAPI_URL = "/openapi.json"
DESCRIPTION = (
    "Forecasts of emergency attendances, admissions, discharges and bed occupancy. "
    "Every body names the publication that it is taken from."
)


def create_app(settings: Settings, store: PublicationStore, clock: Clock) -> FastAPI:
    """The service over `store`, which it only reads. `clock` gives the present instant with its offset."""
    watcher = Watcher(store, clock, settings.poll_seconds, settings.system)
    archive = Archive(store, watcher, clock)
    registry = _registry(watcher)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with watcher.watching():
            yield

    app: FastAPI = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        static_url=DOCS_ASSETS,
        openapi_url=OPENAPI_URL,
        title=TITLE,
        version=API_VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    for router in (
        catalogue_router(watcher, archive, clock),
        forecasts_router(archive, clock),
        pressure_router(archive, clock),
        probes_router(watcher, registry, clock),
        docs_router(TITLE, OPENAPI_URL),
        pages_router(watcher, Assets(), clock),
    ):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Edge, metrics=RequestMetrics(registry), unrouted=(OPENAPI_URL, DOCS_ASSETS))
    label_problems(app.openapi()["paths"])
    return app


def _registry(watcher: Watcher) -> CollectorRegistry:
    """A registry of this app's own, so that two apps in one process do not count each other's requests."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    registry.register(PublicationCollector(watcher))
    return registry
