"""``make remind-me``: a reminder of ``make run`` arrives in this terminal, within a minute."""

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from standardwebhooks.webhooks import Webhook

from app.dev.tokens import token

_PATIENCE = 60
_SOON = 5


def remind(user: str) -> int:
    """Set a reminder, wait for it on a webhook of our own, print it; returns 0 where it came."""
    address = f"http://localhost:{os.environ.get('PORT') or 8000}"
    arrived: list[tuple[dict[str, str], str]] = []
    came = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            arrived.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()
            came.set()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        webhook = task = None
        try:
            webhook = _call(
                address,
                user,
                "POST",
                "/webhooks",
                {"url": url, "events": ["task.reminder"], "label": "make remind-me"},
            )
            soon = (datetime.now(UTC) + timedelta(seconds=_SOON)).isoformat()
            task = _call(address, user, "POST", "/tasks", {"title": "Drink some water", "reminder_at": soon})
            print(f"{user} is reminded in {_SOON} seconds, at {url}", flush=True)
            if not came.wait(_PATIENCE):
                print("No reminder came: is the worker running? make run starts it.")
                return 1
            headers, body = arrived[0]
            event = Webhook(webhook["secret"]).verify(body, headers)
        except HTTPError as error:
            print(f"{address} answers {error.code}: {error.read().decode()}")
            return 1
        except OSError as error:
            print(f"{address} does not answer ({error}): run make run in another terminal first.")
            return 1
        finally:
            for path, made in (("/webhooks", webhook), ("/tasks", task)):
                if made:
                    _call(address, user, "DELETE", f"{path}/{made['id']}")
            server.shutdown()
    print(f"\nPOST {url}, webhook-id {headers['webhook-id']}, signature verified")
    print(f"\n{json.dumps(event, indent=2)}")
    print("\nOn your phone instead: see Reminders on your phone, in the guides of /docs.")
    return 0


def _call(address: str, user: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token(user)}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    with urlopen(Request(address + path, data, headers, method=method), timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read() or "null")
