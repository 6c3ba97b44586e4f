"""A pass for a user, by an operator."""

import asyncio
import json

import asyncpg

from app.auth.passes import digest_of, new_pass
from app.settings import SettingsError


def create_pass(url: str, user: str, scope: str, label: str) -> str:
    """The token of a new pass. ``url`` logs in as task_api.

    Raises:
        SettingsError: the pass is not valid.
        OSError, asyncpg.PostgresError: the database can't be used.
    """
    return asyncio.run(_create(url, user, scope, label))


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
        if error.sqlstate != "DT400":
            raise
        reasons = [f"{reason['loc'][-1]} {reason['msg']}" for reason in json.loads(error.detail)]
        raise SettingsError("\n".join(reasons)) from None
    finally:
        await connection.close()
    return token
