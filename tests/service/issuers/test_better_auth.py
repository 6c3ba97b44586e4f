"""A real Better Auth issues the tokens, and the service accepts them by the recipe of app/auth/README.md."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import jwt
import pytest

from app.dev.project import ROOT
from tests.client import Client
from tests.processes import PATIENCE, environment, free_port, serve, wait_until
from tests.service.generators import npm

VERSION = "1.7.25"
_SERVER = Path(__file__).with_name("better_auth.mjs")


@pytest.fixture
def packages(tmp_path) -> Path:
    """A folder with Better Auth and the program that serves it."""
    (tmp_path / "node_modules").symlink_to(npm.install((f"better-auth@{VERSION}",)))
    shutil.copy(_SERVER, tmp_path)
    return tmp_path


@contextmanager
def better_auth(packages: Path, algorithm: str) -> Iterator[str]:
    """Run Better Auth, which signs with the algorithm or, where it is "", with its default; yield its
    address.
    """
    port = free_port()
    server = subprocess.Popen(
        ["node", _SERVER.name, str(port), algorithm],
        cwd=packages, env=environment(BETTER_AUTH_SECRET=os.urandom(32).hex()),
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert server.poll() is None, "Better Auth has ended"
        try:
            return httpx.get(f"{address}/api/auth/ok").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(answers)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE)


def recipe(address: str) -> dict[str, str]:
    """The settings in the table of the README, with this address for the example's."""
    readme = (ROOT / "app" / "auth" / "README.md").read_text()
    [row] = re.findall(r"^\| Better Auth, plugin `jwt` \|(.*)\|$", readme, re.MULTILINE)
    url, algorithm, both = re.findall("`(.+?)`", row)
    settings = {"JWT_JWKS_URL": url, "JWT_ALGORITHM": algorithm, "JWT_ISSUER": both, "JWT_AUDIENCE": both}
    return {name: value.replace("https://app.example", address) for name, value in settings.items()}


class Person:
    """A new user of Better Auth, with a session in a cookie. A context manager: it closes its connections."""

    def __init__(self, address: str, name: str) -> None:
        self._http = httpx.Client(base_url=f"{address}/api/auth", headers={"Origin": address})
        self._sign_up = {"name": name, "email": f"{name}@example.com", "password": f"password of {name}"}

    def __enter__(self) -> "Person":
        answer = self._http.post("/sign-up/email", json=self._sign_up)
        assert answer.status_code == 200, answer.text
        self.user_id = answer.json()["user"]["id"]
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()

    def token(self) -> str:
        answer = self._http.get("/token")
        assert answer.status_code == 200, answer.text
        return answer.json()["token"]


def status(address: str, token: str) -> int:
    """The answer's status to a request with the token."""
    return httpx.get(f"{address}/tasks", headers={"Authorization": f"Bearer {token}"}).status_code


def key_id(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


@pytest.fixture
def service(settings, packages, algorithm) -> Iterator[tuple[str, str]]:
    """The addresses of the service and of its issuer."""
    with better_auth(packages, algorithm) as issuer:
        variables = recipe(issuer) | {"JWT_JWKS_INTERVAL": "1", "JWT_JWKS_MAX_AGE": "1"}
        if algorithm:
            variables["JWT_ALGORITHM"] = algorithm
        with serve(settings.database_url, "", **variables) as address:
            yield address, issuer


@pytest.mark.parametrize("algorithm", ["", "ES512", "ES256", "RS256", "PS256"])
def test_better_auth_signs_up_rotates_and_withdraws_keys(service, algorithm):
    address, issuer = service
    with Person(issuer, "alice") as alice, Person(issuer, "bob") as bob:
        old = alice.token()
        assert jwt.get_unverified_header(old)["alg"] == (algorithm or "EdDSA")
        with httpx.Client(base_url=address) as http:
            task = Client(http, old).create(title="Signed by Better Auth")
            assert task["user_id"] == alice.user_id
            assert Client(http, bob.token()).get(f"/tasks/{task['id']}").status_code == 404

        httpx.post(f"{issuer}/expire")
        new = alice.token()
        assert key_id(new) != key_id(old)
        wait_until(lambda: status(address, new) == 200)
        assert status(address, old) == 200

        httpx.post(f"{issuer}/withdraw")
        wait_until(lambda: status(address, old) == 401)
        assert status(address, new) == 200
