"""The bytes of answers on their way to a client."""

import asyncio
import fcntl
import sys
import termios
from typing import Any


class OnePacket(asyncio.Transport):
    """The transport of one answer.

    uvicorn writes head and body apart. Here the head waits for what comes next, so that most answers are one
    system call, and one packet. If nothing comes in this turn of the loop, it goes alone.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self._begun = False

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def write(self, data: Any) -> None:
        if self._held is not None:
            self._transport.write(self._held + data)
            self._held = None
        elif self._begun:
            self._transport.write(data)
        else:
            self._begun = True
            self._held = data
            self._loop.call_soon(self.flush)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what is held."""
        if self._held is not None:
            self._transport.write(self._held)
            self._held = None


def unsent(transport: asyncio.Transport) -> int:
    """The bytes that the client has not received yet, as far as the system tells."""
    try:
        queue = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        queue = b""
    return transport.get_write_buffer_size() + int.from_bytes(queue, sys.byteorder)
