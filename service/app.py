"""The composition root: one function that puts the service together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from fastapi import FastAPI
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from starlette.types import ASGIApp

from publication import __version__
from service.auth.authenticator import Authenticator
from service.auth.key_cache import KEYS_TIMEOUT_SECONDS, KeyCache, Keys
from service.auth.keys import AnonymousPolicy
from service.http import problems
from service.http.middleware import ProblemCORSMiddleware, RequestMiddleware
from service.http.security import page_headers
from service.observability.collector import PublicationCollector
from service.observability.logs import RequestLog
from service.observability.metrics import RequestMetrics, RequestRecorder
from service.page.assets import page_assets
from service.page.problem_pages import ProblemPages
from service.page.templating import PageTemplates
from service.publications.earlier import EarlierPublications, EarlierStore
from service.publications.poller import RENDER_POLL_SECONDS, Poller, PublicationPoll, RenderingPoll
from service.publications.repository import Clock, PublicationRepository, PublicationStore
from service.routes.accuracy import accuracy_router
from service.routes.auth_cache import AuthCacheMiddleware
from service.routes.catalogue import catalogue_router
from service.routes.control import control_router
from service.routes.forecasts import forecasts_router, pressure_router, scores_router
from service.routes.openapi import docs_router, enrich_openapi
from service.routes.pages import pages_router
from service.routes.probes import probes_router
from service.settings import Settings

API_TITLE = "Headroom"
API_DESCRIPTION = (
    "Forecasts of emergency attendances, admissions, discharges and bed occupancy. "
    "Every body names the publication that it is taken from. Counts are in the unit of their series; "
    "days are hospital days of the system's time zone; instants are in UTC."
)


class ServedStore(PublicationStore, EarlierStore, Protocol):
    """The methods of publication.store.Store that the service calls."""


def create_app(
    settings: Settings,
    store: ServedStore,
    clock: Clock,
    keys: Keys,
    *,
    anonymous_policy: AnonymousPolicy = AnonymousPolicy.ALLOW,
    log: RequestLog | None = None,
) -> RequestMiddleware:
    """Return the service over `store` and `keys`, which it only reads. `clock` returns the present instant.

    `anonymous_policy`: the callers that may read as long as no key was ever made. `log` gets a line for each request.
    The `recorder` of the result is for the server, which rejects some requests by itself.
    """
    key_cache = KeyCache(keys)
    repository = PublicationRepository(store, clock, settings.system_name)
    keys_poller = Poller(key_cache.poll_once, settings.poll_seconds, KEYS_TIMEOUT_SECONDS, key_cache.timed_out)
    poller = Poller(PublicationPoll(repository, clock), settings.poll_seconds)
    renderer = Poller(RenderingPoll(repository), RENDER_POLL_SECONDS)
    registry = _registry(repository, key_cache, clock)
    assets = page_assets()
    templates, framing_sites = PageTemplates(assets.url), settings.framing_sites
    metrics = RequestMetrics(registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with keys_poller.running(), poller.running(), renderer.running():
            yield

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        title=API_TITLE,
        version=__version__,
        description=API_DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    for router in (
        catalogue_router(repository, clock),
        forecasts_router(repository, clock),
        pressure_router(repository, clock),
        scores_router(repository, clock),
        control_router(repository, clock),
        probes_router(repository, registry, clock),
        pages_router(
            repository, EarlierPublications(store, repository), templates, assets, clock, page_headers(framing_sites)
        ),
        accuracy_router(repository, templates, clock, page_headers(framing_sites)),
    ):
        app.include_router(router)
    enrich_openapi(document := app.openapi())
    app.include_router(docs_router(API_TITLE, document, repository, framing_sites))
    problems.install(app)
    authenticator = Authenticator(key_cache, anonymous_policy)
    authenticated: ASGIApp = AuthCacheMiddleware(app, authenticator, repository, metrics, clock)
    if settings.origins:
        authenticated = ProblemCORSMiddleware(authenticated, settings.origins)
    paged = ProblemPages(authenticated, templates, page_headers(framing_sites))
    return RequestMiddleware(paged, RequestRecorder(metrics, log), settings.root_path)


def _registry(repository: PublicationRepository, key_cache: KeyCache, clock: Clock) -> CollectorRegistry:
    """Return a registry of this app alone: two apps in one process must not count each other's requests."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    registry.register(PublicationCollector(repository, key_cache, clock))
    for collector in (ProcessCollector, PlatformCollector, GCCollector):  # memory, open files, version of Python
        collector(registry=registry)
    return registry
