"""``make pass``: a pass for a user, by an operator."""

import asyncio
import json
import os

import asyncpg

from app.auth.passes import digest_of, new_pass
from app.dev import commands
from app.settings import SettingsError, parse_database_url


def create_pass(user: str, scope: str, label: str) -> str:
    """The token of a new pass, in the database of DATABASE_URL or else of the embedded server.

    Raises:
        SettingsError: the pass or a variable is not valid.
        OSError, asyncpg.PostgresError: the database can't be used.
    """
    given = os.environ.get("DATABASE_URL", "").strip()
    if given:
        try:
            return asyncio.run(_create(parse_database_url(given), user, scope, label))
        except ValueError as error:
            raise SettingsError(f"DATABASE_URL {error}") from None
    if not commands.is_embedded():
        raise SettingsError("DATABASE_URL must be set, as the role task_api")
    with commands.database() as owner:
        commands.migrate(owner)
        return asyncio.run(_create(commands.service_url(owner), user, scope, label))


async def _create(url: str, user: str, scope: str, label: str) -> str:
    token = new_pass()
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("select set_config('app.user_id', $1, true)", user)
            await connection.execute(
                "select api.create_pass(body => $1, digest => $2, lenient => false)",
                json.dumps({"label": label, "scope": scope}),
                digest_of(token.encode()),
            )
    except asyncpg.PostgresError as error:
        if error.sqlstate != "DT400" or not error.detail:
            raise
        reasons = [f"{reason['loc'][-1]} {reason['msg']}" for reason in json.loads(error.detail)]
        raise SettingsError("\n".join(reasons)) from None
    finally:
        await connection.close()
    return token
