"""The application: its routes, middleware, exception handlers and lifespan, as data."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from app.auth import Authenticator
from app.cors import CORS
from app.database import Database
from app.errors import Problem, on_database_error, on_http_exception, on_problem
from app.health import Health
from app.problems import show_problem
from app.routing import Envelope, Resource
from app.settings import Settings
from app.tasks import Tasks


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application. Raises SettingsError where a setting is wrong."""
    settings = settings or Settings.from_environment(os.environ)
    database = Database(settings)
    authenticator = Authenticator(settings)
    tasks = Tasks(settings, database, authenticator)
    health = Health(database)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with database:
            yield
            await authenticator.aclose()

    compressed = [Middleware(GZipMiddleware, minimum_size=1024)]
    app = Starlette(
        routes=[
            Route("/tasks/{id}", Resource(GET=tasks.get, PUT=tasks.put, PATCH=tasks.patch, DELETE=tasks.delete)),
            Route("/tasks", Resource(GET=tasks.list, POST=tasks.create), middleware=compressed),
            Route("/tasks/{id}/toggle", Resource(POST=tasks.toggle)),
            Route("/health", Resource(GET=health.live)),
            Route("/health/ready", Resource(GET=health.ready)),
            Route("/problems/{name}", Resource(GET=show_problem)),
        ],
        middleware=[Middleware(Envelope), Middleware(CORS, settings=settings)],
        exception_handlers={
            Problem: on_problem,
            asyncpg.PostgresError: on_database_error,
            HTTPException: on_http_exception,
        },
        lifespan=lifespan,
    )
    # Each address has one spelling, with or without a trailing slash; see Envelope.
    app.router.redirect_slashes = False
    return app
