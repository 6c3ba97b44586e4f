"""A wire to PostgreSQL that counts what goes over it: statements and round trips, as the protocol has
them.
"""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

# Messages of the frontend (PostgreSQL, "Message Formats"). A client waits after Sync, Flush and Query.
_EXECUTE, _QUERY, _SYNC, _FLUSH = b"E", b"Q", b"S", b"H"


@dataclass
class Wire:
    """``url`` leads through the wire; the numbers are since the last ``reset``."""

    url: str
    statements: int = 0
    round_trips: int = 0

    def reset(self) -> None:
        self.statements = self.round_trips = 0

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: bool) -> None:
        try:
            if count:
                # The start-up message has a length and no type.
                await self._pass_on(reader, writer, b"")
            while True:
                kind = await reader.readexactly(1)
                if count:
                    self.statements += kind in (_EXECUTE, _QUERY)
                    self.round_trips += kind in (_QUERY, _SYNC, _FLUSH)
                await self._pass_on(reader, writer, kind)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: bytes) -> None:
        length = await reader.readexactly(4)
        writer.write(kind + length + await reader.readexactly(int.from_bytes(length) - 4))
        await writer.drain()


@contextmanager
def tap(url: str) -> Iterator[Wire]:
    """A wire to the server of the URL, behind a Unix socket of its own (where there is no TLS, so that it
    can be read).
    """
    parts = urlsplit(url)
    with tempfile.TemporaryDirectory(prefix="wire") as folder, asyncio.Runner() as runner:
        wire = Wire(
            urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@", query=f"host={folder}"))
        )
        ready, done = threading.Event(), asyncio.Event()

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if parts.hostname:
                far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port or 5432)
            else:
                far_reader, far_writer = await asyncio.open_unix_connection(
                    Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
                )
            await asyncio.gather(
                wire._carry(reader, far_writer, True), wire._carry(far_reader, writer, False)
            )

        async def serve() -> None:
            async with await asyncio.start_unix_server(connect, Path(folder) / ".s.PGSQL.5432"):
                ready.set()
                await done.wait()
            carrying = asyncio.all_tasks() - {asyncio.current_task()}
            if carrying:
                await asyncio.wait(carrying, timeout=10)

        thread = threading.Thread(target=runner.run, args=[serve()])
        thread.start()
        ready.wait(10)
        try:
            yield wire
        finally:
            runner.get_loop().call_soon_threadsafe(done.set)
            thread.join(30)
