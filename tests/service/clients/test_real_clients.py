"""Clients that offer an upgrade by themselves, or bound the head of an answer, where they are installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.client import make_token
from tests.processes import environment

# Sends the same request twice over one client, and prints statuses and bodies.
_FETCH = """
const [method, url, token, body] = process.argv.slice(1);
const headers = {Authorization: `Bearer ${token}`, 'Content-Type': 'application/json'};
for (let i = 0; i < 2; i++) {
  const response = await fetch(url, {method, headers, body: body || undefined});
  console.log(response.status, await response.text());
}
"""


def find(program: str) -> str:
    """Where a program is; skips the test where it is nowhere."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def run(program: str, *arguments: object) -> list[tuple[int, dict]]:
    """The statuses and bodies that a program prints, one a line."""
    command = [find(program), *(str(argument) for argument in arguments)]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    lines = [line.split(" ", 1) for line in ended.stdout.splitlines()]
    return [(int(status), json.loads(body)) for status, body in lines]


@pytest.fixture
def token(secret, alice):
    return make_token(alice, secret)


@pytest.fixture
def url(service, over_http, alice):
    """The address of a task of alice's."""
    return f"{service}/tasks/{over_http(alice).create(title='before')['id']}"


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("version", ["--http2", "--http1.1"])
def test_curl_changes_a_task_whatever_it_offers(token, url, version, framing, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = ["-sS", version, "-X", "PATCH", "-d", '{"title":"after"}', "-w", "%{http_code} null\\n"]
    arguments += ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
    if framing == "chunked":
        arguments += ["-H", "Transfer-Encoding: chunked"]
    arguments += ["-o", first, url, "-o", second, url]
    assert [status for status, _ in run("curl", *arguments)] == [200, 200]
    assert json.loads(second.read_text())["title"] == "after"


@pytest.fixture(scope="module")
def java(tmp_path_factory):
    """What calls the client of Java, which is compiled once."""
    folder = tmp_path_factory.mktemp("java")
    source = Path(__file__).parent / "H2c.java"
    subprocess.run([find("javac"), "-d", folder, source], check=True, capture_output=True, timeout=120)
    return "java", "-cp", folder, "H2c"


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_the_client_of_java_changes_a_task_and_sets_its_state(java, token, url, framing):
    chunked = ["chunked"] if framing == "chunked" else []
    changed = run(*java, "PATCH", url, token, '{"title":"after"}', *chunked)
    assert [(status, task["title"]) for status, task in changed] == [(200, "after")] * 2
    toggled = run(*java, "POST", f"{url}/toggle", token, '{"completed":true}', *chunked)
    assert [(status, body["task"]["completed"]) for status, body in toggled] == [(200, True)] * 2


def test_fetch_of_node_changes_a_task(token, url):
    changed = run("node", "--input-type=module", "-e", _FETCH, "PATCH", url, token, '{"title":"after"}')
    assert [(status, task["title"]) for status, task in changed] == [(200, "after")] * 2
