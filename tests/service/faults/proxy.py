"""A network that can hang: what is sent neither arrives nor fails."""

import asyncio
import threading

from tests.processes import free_port


class Proxy:
    """Passes on what comes to its port, until it is frozen. A context manager."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._flows: set[asyncio.Task[None]] = set()
        # For what is asked, and for what is answered.
        self._forth, self._back = asyncio.Event(), asyncio.Event()
        self._forth.set()
        self._back.set()

    def __enter__(self) -> "Proxy":
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run(ready)))
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    def freeze(self, answers_only: bool = False) -> None:
        self._loop.call_soon_threadsafe(self._back.clear)
        if not answers_only:
            self._loop.call_soon_threadsafe(self._forth.clear)

    def thaw(self) -> None:
        self._loop.call_soon_threadsafe(self._forth.set)
        self._loop.call_soon_threadsafe(self._back.set)

    async def _run(self, ready: threading.Event) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        ready.set()
        await self._end.wait()
        server.close()
        for flow in self._flows:
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flow = asyncio.current_task()
        assert flow is not None
        self._flows.add(flow)
        flow.add_done_callback(self._flows.discard)
        await self._forth.wait()
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            forth = asyncio.create_task(self._pass_on(reader, upstream_writer, self._forth))
            back = asyncio.create_task(self._pass_on(upstream_reader, writer, self._back))
            try:
                await asyncio.wait([forth, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                forth.cancel()
                back.cancel()
        finally:
            upstream_writer.close()
            writer.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event
    ) -> None:
        try:
            while data := await reader.read(65_536):
                await flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # One end is gone, so the other is closed.
