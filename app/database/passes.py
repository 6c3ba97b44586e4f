"""The passes, by their digests."""

from contextlib import suppress

from app.database.calls import Database
from app.identity import NOBODY, Identity, Pass
from app.web.problems import Unavailable


class PassDirectory:
    """Opens passes by their digest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, digest: bytes) -> Pass | None:
        """The pass with this digest; None for no valid one. Notes the day of its last use.

        Raises:
            Unavailable: the database refuses the service, or can't be reached.
        """
        found = await self._database.find("open_pass", NOBODY, digest=digest)
        if found is None:
            return None
        user = found["user_id"]
        if not found["used_today"]:
            # A database that is read-only for a while must not make passes useless.
            with suppress(Unavailable):
                await self._database.find("use_pass", Identity(user, read_only=False), id=found["id"])
        identity = Identity(user, read_only=found["scope"] != "tasks:write", by_pass=True)
        return Pass(identity, float(found["expires_at"]))
