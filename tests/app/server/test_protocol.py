"""What goes to a client: its head and body in one piece, and nothing held back for longer than a turn of
the loop.
"""

import asyncio

import pytest

from app.server.transport import OnePacket


class Line(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self):
        super().__init__()
        self.written = []
        self.closed = False

    def write(self, data):
        assert not self.closed
        self.written.append(bytes(data))

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


@pytest.fixture
def run():
    """``run(work)``: a coroutine function with a transport of one answer, and the line behind it."""

    def run(work):
        async def main():
            line = Line()
            await work(OnePacket(line, asyncio.get_running_loop()), line)

        asyncio.run(main())

    return run


def test_head_and_body_are_one_packet(run):
    async def work(packet, line):
        packet.write(b"head")
        packet.write(b"body")
        await asyncio.sleep(0)
        assert line.written == [b"headbody"]

    run(work)


def test_a_head_without_a_body_goes_in_the_same_turn_of_the_loop(run):
    async def work(packet, line):
        packet.write(b"head")
        assert line.written == []
        await asyncio.sleep(0)
        assert line.written == [b"head"]
        packet.write(b"late body")
        assert line.written == [b"head", b"late body"]

    run(work)


def test_parts_of_a_long_body_are_not_held_back(run):
    async def work(packet, line):
        for part in (b"head", b"one", b"two", b"three"):
            packet.write(part)
        assert line.written == [b"headone", b"two", b"three"]

    run(work)


def test_what_was_written_goes_before_the_line_is_closed(run):
    async def work(packet, line):
        packet.write(b"head")
        assert not packet.is_closing()
        packet.close()
        assert (line.written, line.closed, packet.is_closing()) == ([b"head"], True, True)
        await asyncio.sleep(0)
        assert line.written == [b"head"]

    run(work)
