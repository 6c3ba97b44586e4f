"""HTTP as a user."""

import time
from typing import Any

import httpx2 as httpx
import jwt

SECRET = "a secret that only the tests know, of 32 bytes and more"
WEBHOOK_KEY = "a key that only the tests derive secrets from"


def make_token(user: str, secret: str = SECRET, **claims: Any) -> str:
    """A token of the user, for an hour."""
    return jwt.encode({"sub": user, "exp": int(time.time()) + 3600, **claims}, secret, "HS256")


class Client:
    """A user's requests; a keyword that ``httpx`` knows is passed on to it."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, **keywords: Any
    ) -> httpx.Response:
        return self._http.request(method, path, headers=self._headers | (headers or {}), **keywords)

    def get(self, path: str, **keywords: Any) -> httpx.Response:
        return self.request("GET", path, **keywords)

    def post(self, path: str, json: Any = None, **keywords: Any) -> httpx.Response:
        return self.request("POST", path, json=json, **keywords)

    def put(self, path: str, json: Any = None, **keywords: Any) -> httpx.Response:
        return self.request("PUT", path, json=json, **keywords)

    def patch(self, path: str, json: Any = None, **keywords: Any) -> httpx.Response:
        return self.request("PATCH", path, json=json, **keywords)

    def delete(self, path: str, **keywords: Any) -> httpx.Response:
        return self.request("DELETE", path, **keywords)

    def create(self, **fields: Any) -> dict[str, Any]:
        """Make a task, with the title "A task" unless another is given, and return it."""
        response = self.post("/tasks", {"title": "A task"} | fields)
        assert response.status_code == 201, response.text
        return response.json()

    def page(self, **parameters: Any) -> dict[str, Any]:
        """A page of the list."""
        response = self.get("/tasks", params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def titles(self, **parameters: Any) -> list[str]:
        """The titles of a page of the list."""
        return [task["title"] for task in self.page(**parameters)["items"]]
