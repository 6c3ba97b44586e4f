"""Prism answers from the examples of the document, and finds that the service keeps to it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.client import Client, make_token
from tests.processes import free_port, wait_until
from tests.service.generators import npm

ID = "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f"


@contextmanager
def prism(folder: Path, *arguments: str) -> Iterator[str]:
    """Run Prism, and yield its address."""
    modules = npm.install()
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        "node",
        modules / "@stoplight" / "prism-cli" / "dist" / "index.js",
        *arguments,
        "--port",
        str(port),
    ]
    with (folder / "prism.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=npm.environment(folder), stdout=log, stderr=log)
        try:
            wait_until(lambda: _answers(address))
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _answers(address: str) -> bool:
    try:
        httpx.get(f"{address}/health")
    except httpx.TransportError:
        return False
    return True


@pytest.fixture
def folder(service, tmp_path) -> Path:
    (tmp_path / "openapi.json").write_bytes(httpx.get(f"{service}/openapi.json").content)
    return tmp_path


def test_prism_answers_every_operation_from_its_examples(folder, service):
    document = httpx.get(f"{service}/openapi.json").json()
    bodies = {"post": {"title": "Buy milk"}, "put": {"title": "Buy milk"}, "patch": {"title": "Buy milk"}}
    with prism(folder, "mock", "openapi.json") as address, httpx.Client(base_url=address) as http:
        user = Client(http, "a.b.c")
        for path, methods in document["paths"].items():
            for method in methods:
                body = bodies.get(method)
                if path == "/occurrences":
                    body = {"recurrence_rule": "FREQ=DAILY"}
                elif path == "/tasks/batch":
                    body = {"operations": [{"op": "toggle", "id": ID}]}
                elif (method, path) == ("post", "/passes"):
                    body = {"label": "Backup"}
                elif (method, path) == ("post", "/webhooks"):
                    body = {"url": "https://example.com/hook"}
                elif path == "/webhooks/{id}":
                    body = {"paused": None} if method in bodies else None
                elif path.endswith("/replay"):
                    body = {"since": "2026-01-10T17:00:00Z"}
                elif path.endswith("/toggle"):
                    body = {"completed": True}
                filled = path.replace("{id}", ID).replace("{delivery}", ID).replace("{name}", "not-found")
                answer = user.request(method.upper(), filled, json=body)
                assert answer.status_code in (200, 201, 202, 204), (method, path, answer.text)
        assert user.get("/tasks").json()["items"][0]["title"] == "Pay the rent"
        # It holds requests against the document.
        assert user.post("/tasks", {"title": "x", "priority": "Urgent"}).status_code in (400, 422)
        assert http.get("/tasks").status_code == 401


def test_prism_finds_that_the_service_keeps_to_the_document(folder, service, secret, alice):
    with (
        prism(folder, "proxy", "openapi.json", service, "--errors") as address,
        httpx.Client(base_url=address) as http,
    ):
        user = Client(http, make_token(alice, secret))

        def ask(status: int, method: str, path: str, **keywords: object) -> httpx.Response:
            answer = user.request(method, path, **keywords)
            assert answer.status_code == status, answer.text
            assert "sl-violations" not in answer.headers, answer.headers["sl-violations"]
            return answer

        # A request that breaks the document is refused by the proxy, though the service would take it.
        assert user.post("/tasks", {"title": "x", "priority": "high"}).status_code == 422

        recurring = {
            "title": "Rent",
            "is_recurring": True,
            "recurrence_rule": "FREQ=MONTHLY",
            "due_date": "2026-01-10",
        }
        made = ask(201, "POST", "/tasks", json=recurring)
        task = made.headers["location"]
        ask(201, "POST", "/tasks", json={"title": "Buy milk"})
        ask(200, "GET", "/tasks")
        found = ask(
            200,
            "GET",
            "/tasks?status=incomplete&priority=High&priority=Medium&limit=1&due_date_from=2026-01-10&q=rent",
        )
        assert found.json()["total"] == 1
        ask(200, "GET", task)
        ask(304, "GET", task, headers={"If-None-Match": made.headers["etag"]})
        ask(
            200,
            "PATCH",
            task,
            json={"description": "More", "reminder_at": None},
            headers={"If-Match": made.headers["etag"]},
        )
        ask(412, "PATCH", task, json={"description": "Less"}, headers={"If-Match": made.headers["etag"]})
        ask(200, "GET", f"{task}/occurrences?limit=3")
        ask(200, "POST", f"{task}/toggle", json={"completed": True})
        ask(200, "POST", "/occurrences", json={"recurrence_rule": "FREQ=DAILY"})
        ask(201, "PUT", f"/tasks/{ID}", json={"title": "Mine"}, headers={"If-None-Match": "*"})
        ask(412, "PUT", f"/tasks/{ID}", json={"title": "Mine"}, headers={"If-None-Match": "*"})
        ask(204, "DELETE", task)
        ask(404, "GET", task)
        ask(400, "POST", "/tasks", json={"title": " \t x".strip(), "recurrence_rule": "FREQ=NEVER"})
        ask(200, "GET", "/health")
        ask(200, "GET", "/health/ready")
        ask(200, "GET", "/problems/not-found")
        ask(200, "GET", "/openapi.json")
