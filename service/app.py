"""The composition root: one function that puts the service together from what it is handed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, disable_created_metrics
from starlette.types import ASGIApp

from service.auth import AnonymousPolicy
from service.auth.authenticator import Authenticator
from service.auth.key_cache import KeyCache, Keys
from service.http import problems
from service.http.cors import ProblemCORSMiddleware
from service.http.middleware import RequestMiddleware
from service.observability.collector import PublicationCollector
from service.observability.logs import RequestLog
from service.observability.metrics import RequestMetrics
from service.observability.recorder import RequestRecorder
from service.page.assets import page_assets
from service.publications.cache import PublicationCache
from service.publications.poller import StorePoller
from service.publications.ports import Clock, PublicationStore
from service.publications.repository import PublicationRepository
from service.routes.auth_cache import AuthCacheMiddleware
from service.routes.catalogue import catalogue_router
from service.routes.docs import docs_router
from service.routes.forecasts import forecasts_router
from service.routes.openapi import enrich_openapi
from service.routes.pages import pages_router
from service.routes.pressure import pressure_router
from service.routes.probes import probes_router
from service.routes.scores import scores_router
from service.settings import Settings

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
    anonymous_policy: AnonymousPolicy = AnonymousPolicy.ALLOW,
    log: RequestLog | None = None,
) -> RequestMiddleware:
    """The service over `store` and `keys`, which it only reads. `clock` gives the present instant with its offset.

    `anonymous_policy`: who may read as long as there has never been a key. `log` gets a line for each request.
    The `recorder` of what is given is for the server: what it refuses by itself is counted and logged as all else is.
    """
    cache = PublicationCache(store, clock)
    poller = StorePoller(store, cache, clock, settings.poll_seconds, settings.system)
    key_cache = KeyCache(keys, settings.poll_seconds)
    repository = PublicationRepository(store, cache, poller)
    registry = _registry(poller, key_cache)
    metrics = RequestMetrics(registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with key_cache.watching(), poller.watching():
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
        catalogue_router(repository, clock),
        forecasts_router(repository, clock),
        pressure_router(repository, clock),
        scores_router(repository, clock),
        probes_router(poller, repository, registry, clock),
        pages_router(repository, page_assets(), clock),
    ):
        app.include_router(router)
    enrich_openapi(document := app.openapi())
    app.include_router(docs_router(TITLE, document, repository))
    problems.install(app)
    authenticator = Authenticator(key_cache, anonymous_policy)
    authenticated: ASGIApp = AuthCacheMiddleware(app, authenticator, poller, metrics, clock)
    if settings.origins:
        authenticated = ProblemCORSMiddleware(authenticated, settings.origins)
    return RequestMiddleware(authenticated, RequestRecorder(metrics, log))


def _registry(poller: StorePoller, key_cache: KeyCache) -> CollectorRegistry:
    """A registry of this app's own, so that two apps in one process do not count each other's requests."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    registry.register(PublicationCollector(poller, key_cache))
    return registry
