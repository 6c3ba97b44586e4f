"""The database in a line, as the service finds it when it starts."""

import asyncpg

from app.database.connection import Connection, Connector
from app.database.origin import CURE, is_before_1_0
from app.database.outages import Outages
from app.settings import Settings

_SERVER = "select 'PostgreSQL ' || current_setting('server_version')"
_PLACE = "select format('database %s as %s', current_database(), current_user)"
_MIGRATION = "select 'migration ' || max(version) from keeper.list_migrations() as version"


async def describe(settings: Settings) -> str:
    """The server, its version, the database and the migration; or why the database can't be reached.

    Raises:
        Unreachable: with that reason.
    """
    outages = Outages(settings.database_url)
    connection = None
    try:
        connection = await Connector(settings.database_url, settings.database_timeout).connect()
        server, place = [await connection.fetchval(query) for query in (_SERVER, _PLACE)]
        return f"{server} at {outages.place}, {place}, {await _migration(connection)}"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        reason = outages.reason_of(error) or type(error).__name__
        raise Unreachable(f"Database at {outages.place}: {reason}") from error
    finally:
        if connection is not None:
            connection.terminate()


class Unreachable(Exception):
    """The database can't be reached; the text is a sentence for an operator."""


async def _migration(connection: Connection) -> str:
    try:
        if await is_before_1_0(connection):
            return CURE
        return str(await connection.fetchval(_MIGRATION) or "no migration")
    except asyncpg.PostgresError:
        return "no migration: run duly migrate (make migrate), or connect as task_api"
