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

from app.cors import CORS
from app.docs import ASSET_TYPES, Docs
from app.errors import Problem, on_database_error, on_disconnect, on_http_exception, on_problem
from app.health import Health
from app.observers import Observers
from app.occurrences import Occurrences
from app.openapi import OpenAPI
from app.problems import show_problem
from app.routing import Envelope, LastResort, Resource
from app.settings import Settings
from app.tasks import Tasks


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application. Raises SettingsError where a setting is wrong."""
    settings = settings or Settings.from_environment(os.environ)
    observers = Observers(settings)
    database = observers.database
    authenticator = observers.authenticator
    tasks = Tasks(settings, database, authenticator)
    occurrences = Occurrences(settings, database, authenticator)
    health = Health(database)
    docs = Docs(settings)
    development = [Route("/docs/token", Resource(POST=docs.token), include_in_schema=False)] if docs.hands_out_tokens else []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with observers, database:
            yield
            await authenticator.aclose()

    app = Starlette(
        routes=[
            Route("/tasks/{id}", Resource(GET=tasks.get, PUT=tasks.put, PATCH=tasks.patch, DELETE=tasks.delete)),
            Route("/tasks", Resource(GET=tasks.list, POST=tasks.create)),
            Route("/tasks/{id}/toggle", Resource(POST=tasks.toggle)),
            Route("/tasks/{id}/occurrences", Resource(GET=occurrences.of_task)),
            Route("/occurrences", Resource(POST=occurrences.of_rule)),
            Route("/health", Resource(GET=health.live)),
            Route("/health/ready", Resource(GET=health.ready)),
            Route("/problems/{name}", Resource(("application/json", "text/html"), GET=show_problem)),
            Route("/openapi.json", Resource(GET=OpenAPI(settings, database).show)),
            Route("/docs", Resource(("text/html",), GET=docs.page)),
            *development,
            *observers.routes,
            Route("/docs/{name}", Resource(ASSET_TYPES, GET=docs.asset), include_in_schema=False),
        ],
        middleware=[
            Middleware(Envelope),
            *observers.middleware,
            Middleware(CORS, settings=settings),
            Middleware(LastResort),
            *observers.limits,
        ],
        exception_handlers={
            Problem: on_problem,
            asyncpg.PostgresError: on_database_error,
            HTTPException: on_http_exception,
            ClientDisconnect: on_disconnect,
        },
        lifespan=lifespan,
    )
    # Each address has one spelling, with or without a trailing slash; see Envelope.
    app.router.redirect_slashes = False
    return app
