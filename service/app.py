"""The composition root: one function that puts the service together from what it is handed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, disable_created_metrics
from starlette.types import ASGIApp

from service import problems
from service.access import WithoutKeys
from service.access.gate import Gate
from service.access.keyring import Keyring, Keys
from service.archive import Archive
from service.assets import page_assets
from service.collector import PublicationCollector
from service.freshness import Watcher
from service.logs import RequestLog
from service.metrics import RequestMetrics
from service.middleware import Edge
from service.openapi import finish
from service.origins import Origins
from service.ports import Clock, PublicationStore
from service.reception import Reception
from service.routes.catalogue import catalogue_router
from service.routes.docs import docs_router
from service.routes.forecasts import forecasts_router
from service.routes.pages import pages_router
from service.routes.pressure import pressure_router
from service.routes.probes import probes_router
from service.routes.scores import scores_router
from service.settings import Settings
from service.shelf import Shelf
from service.telling import Teller

TITLE = "Headroom"
API_VERSION = "1"
DESCRIPTION = (
    "Forecasts of emergency attendances, admissions, discharges and bed occupancy. "
    "Every body names the publication that it is taken from. Counts are in the unit of their series; "
    "days are hospital days of the system's time zone; instants are in UTC."
)


def create_app(
    settings: Settings,
    store: PublicationStore,
    clock: Clock,
    keys: Keys,
    *,
    without_keys: WithoutKeys = WithoutKeys.ANYONE,
    log: RequestLog | None = None,
) -> Edge:
    """The service over `store` and `keys`, which it only reads. `clock` gives the present instant with its offset.

    `without_keys`: who may read as long as there has never been a key. `log` gets a line for each request.
    The `teller` of what is given is for the server: what it refuses by itself is counted and logged as all else is.
    """
    shelf = Shelf(store, clock)
    watcher = Watcher(store, shelf, clock, settings.poll_seconds, settings.system)
    keyring = Keyring(keys, settings.poll_seconds)
    archive = Archive(store, shelf, watcher)
    registry = _registry(watcher, keyring)
    metrics = RequestMetrics(registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with keyring.watching(), watcher.watching():
            yield

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        title=TITLE,
        version=API_VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    for router in (
        catalogue_router(archive, clock),
        forecasts_router(archive, clock),
        pressure_router(archive, clock),
        scores_router(archive, clock),
        probes_router(watcher, archive, registry, clock),
        pages_router(archive, page_assets(), clock),
    ):
        app.include_router(router)
    finish(document := app.openapi())
    app.include_router(docs_router(TITLE, document, archive))
    problems.install(app)
    gate = Gate(keyring, without_keys)
    admitted: ASGIApp = Reception(app, gate, watcher, metrics, clock)
    if settings.origins:
        admitted = Origins(admitted, settings.origins)
    return Edge(admitted, Teller(metrics, log))


def _registry(watcher: Watcher, keyring: Keyring) -> CollectorRegistry:
    """A registry of this app's own, so that two apps in one process do not count each other's requests."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    registry.register(PublicationCollector(watcher, keyring))
    return registry
