"""A connection on which bytes are sent as they are, and the answers that come back."""

import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.client import make_token

PIECES = {"one packet": None, "head and body apart": 0, "byte by byte": 1}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def exchange(address: str, data: bytes, pieces: int | None = None) -> list[Answer]:
    """Send the bytes, and return all answers up to the end of the connection.

    pieces: None for one packet, 0 for a packet of its own for all behind each head, 1 for byte by byte.
    """
    with connect(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in cut(data, pieces):
            try:
                connection.sendall(piece)
            except ConnectionError:
                break
        return answers(read_to_end(connection))


def connect(address: str, timeout: float = 40) -> socket.socket:
    """A connection to the service at this address, whose calls take so many seconds at most."""
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout)


def read_to_end(connection: socket.socket) -> bytes:
    """What comes up to the end of the connection, which may be a reset.

    Raises:
        TimeoutError: it stays open.
    """
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def cut(data: bytes, pieces: int | None) -> list[bytes]:
    if pieces is None:
        return [data]
    if pieces:
        return [data[place : place + pieces] for place in range(0, len(data), pieces)]
    return [part for part in data.replace(b"\r\n\r\n", b"\r\n\r\n\0").split(b"\0") if part]


def answers(received: bytes) -> list[Answer]:
    """The answers in what was received; those of our service have a Content-Length, or no body."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        if status == 100:
            continue
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        # The answer to HEAD has the length of a body that isn't there.
        without_body = status in (204, 304) or received.startswith(b"HTTP/1.1 ")
        length = 0 if without_body else int(headers.get("content-length", 0))
        found.append(Answer(status, headers, received[:length]))
        received = received[length:]
    return found


def head(method: str, target: str, *fields: str, host: str = "Host: localhost") -> bytes:
    """The head of a request; with host="" it has no Host."""
    lines = [f"{method} {target} HTTP/1.1", *filter(None, [host]), *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def authorization(user: str, secret: str) -> str:
    return f"Authorization: Bearer {make_token(user, secret)}"
