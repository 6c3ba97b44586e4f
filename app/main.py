"""The application: its routes, middleware, exception handlers and lifespan, as data."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from app.api.batch import Batch
from app.api.changes import Changes
from app.api.events import Events, WakeStreams
from app.api.health import Health
from app.api.hub import Hub
from app.api.occurrences import Occurrences
from app.api.passes import Passes
from app.api.tasks import Tasks
from app.api.webhooks import Webhooks
from app.auth.authenticator import Authenticator
from app.database.calls import Database
from app.database.passes import PassDirectory
from app.database.refusals import on_database_error
from app.docs.index import Index
from app.docs.openapi import OpenAPI
from app.docs.pages import ASSET_TYPES, Docs
from app.docs.problems import ProblemPages
from app.instrumentation.observers import Instrumentation
from app.settings import Settings
from app.web.cors import CORS
from app.web.envelope import Envelope, LastResort
from app.web.problems import Problem, on_disconnect, on_http_exception, on_problem
from app.web.resource import Resource


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application. Raises SettingsError where a setting is wrong."""
    settings = settings or Settings.from_environment(os.environ)
    database = Database(settings)
    authenticator = Authenticator(settings, PassDirectory(database).open if settings.passes else None)
    instrumentation = Instrumentation(settings, database, authenticator)
    tasks = Tasks(settings, database, authenticator)
    batch = Batch(settings, database, authenticator)
    occurrences = Occurrences(settings, database, authenticator)
    passes = Passes(settings, database, authenticator)
    webhooks = Webhooks(settings, database, authenticator)
    changes = Changes(database, authenticator)
    hub = Hub(settings, database)
    events = Events(authenticator, hub)
    health = Health(settings, database)
    docs = Docs(settings)
    index = Index(settings)
    problems = ProblemPages(settings)
    development = (
        [Route("/docs/token", Resource(POST=docs.token), include_in_schema=False)]
        if docs.hands_out_tokens
        else []
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # What the service asks at its start is not measured.
        async with database, health.proving(), instrumentation, hub.watching():
            yield
            await authenticator.aclose()

    app = Starlette(
        routes=[
            Route("/tasks/batch", Resource(POST=batch.change)),
            Route(
                "/tasks/{id}", Resource(GET=tasks.get, PUT=tasks.put, PATCH=tasks.patch, DELETE=tasks.delete)
            ),
            Route("/tasks", Resource(GET=tasks.list, POST=tasks.create)),
            Route("/tasks/{id}/toggle", Resource(POST=tasks.toggle)),
            Route("/tasks/{id}/occurrences", Resource(GET=occurrences.of_task)),
            Route("/occurrences", Resource(POST=occurrences.of_rule)),
            *(passes.routes if settings.passes else ()),
            *(webhooks.routes if settings.webhook_key else ()),
            Route("/changes", Resource(GET=changes.list)),
            *(
                [Route("/events", Resource(("text/event-stream",), GET=events.watch))]
                if settings.events_limit
                else ()
            ),
            Route("/health", Resource(GET=health.live)),
            Route("/health/ready", Resource(GET=health.ready)),
            Route("/", Resource(("application/json", "text/html"), GET=index.show)),
            Route("/problems/{name}", Resource(("application/json", "text/html"), GET=problems.show)),
            Route("/openapi.json", Resource(GET=OpenAPI(settings, database).show)),
            Route("/docs", Resource(("text/html",), GET=docs.page)),
            *development,
            *instrumentation.routes,
            Route("/docs/{name}", Resource(ASSET_TYPES, GET=docs.asset), include_in_schema=False),
        ],
        middleware=[
            Middleware(Envelope, root_path=settings.root_path),
            *instrumentation.middleware,
            Middleware(CORS, settings=settings),
            Middleware(LastResort),
            *([Middleware(WakeStreams, hub=hub)] if settings.events_limit else ()),
            *_rate_limit(settings, database, authenticator),
        ],
        exception_handlers={
            Problem: on_problem,
            asyncpg.PostgresError: on_database_error,
            HTTPException: on_http_exception,
            ClientDisconnect: on_disconnect,
        },
        lifespan=lifespan,
    )
    # Protocol.shutdown ends the streams with it.
    app.state.hub = hub
    # Each address has one spelling, with or without a trailing slash; see Envelope.
    app.router.redirect_slashes = False
    return app


def _rate_limit(settings: Settings, database: Database, authenticator: Authenticator) -> list[Middleware]:
    if not settings.rate_limit:
        return []
    from app.api.rate_limit import RateLimit

    return [Middleware(RateLimit, settings=settings, database=database, authenticator=authenticator)]
