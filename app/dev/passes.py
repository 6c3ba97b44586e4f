"""``make pass``: a pass for a user, by an operator."""

import os

from app.admin.migrate import migrate
from app.admin.passes import create_pass as make_pass
from app.dev.database import database, is_embedded, service_url
from app.settings import SettingsError, read_database_url


def create_pass(user: str, scope: str, label: str) -> str:
    """The token of a new pass, in the database of DATABASE_URL or else of the embedded server.

    Raises:
        SettingsError: the pass or a variable is not valid.
        OSError, asyncpg.PostgresError: the database can't be used.
    """
    if given := read_database_url(os.environ, "DATABASE_URL"):
        return make_pass(given, user, scope, label)
    if not is_embedded():
        raise SettingsError("DATABASE_URL must be set, as the role task_api")
    with database() as owner:
        migrate(owner)
        return make_pass(service_url(owner), user, scope, label)
