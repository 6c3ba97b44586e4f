"""A token issuer on loopback that rotates its keys, dies, hangs and answers garbage, as it is told."""

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.app.auth.signing import Signer

PATIENCE = 20  # seconds; only a test that fails takes so long


class Issuer:
    """Answers every request with its ``reply``, a status, headers and a body, and counts them.

    While it ``drips`` the body never comes to an end.
    """

    def __init__(self, *keys: Signer) -> None:
        self.fetches = 0
        self.drips = False
        self.reply: tuple[int, Mapping[str, str], bytes] = (200, {}, b"")
        self._port = 0
        self._asked = threading.Condition()
        self._open = threading.Event()
        self._open.set()
        self._server: ThreadingHTTPServer | None = None
        self.publish(*keys)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/jwks.json"

    def publish(self, *keys: Signer | dict[str, Any]) -> None:
        """Answer with a set of these keys from now on."""
        jwks = [key.jwk() if isinstance(key, Signer) else key for key in keys]
        self.reply = (200, {"content-type": "application/jwk-set+json"}, json.dumps({"keys": jwks}).encode())

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = _Server(("127.0.0.1", self._port), self._handler())
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def hold(self) -> None:
        """Take requests, and let them wait."""
        self._open.clear()

    def release(self) -> None:
        """Answer those that wait."""
        self._open.set()

    async def asked(self, fetches: int) -> None:
        """Wait until there have been so many requests."""
        await asyncio.to_thread(self._wait, fetches)

    def _wait(self, fetches: int) -> None:
        with self._asked:
            assert self._asked.wait_for(lambda: self.fetches >= fetches, PATIENCE), (
                f"{self.fetches} of {fetches}"
            )

    def _take(self) -> tuple[int, Mapping[str, str], bytes]:
        reply = self.reply
        with self._asked:
            self.fetches += 1
            self._asked.notify_all()
        self._open.wait(PATIENCE)
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                drips = issuer.drips
                status, headers, body = issuer._take()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                while drips:
                    self.wfile.write(b" ")
                    time.sleep(0.02)
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that has gone is no news."""
