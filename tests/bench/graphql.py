"""PostGraphile as a contender: its program, installed by npm, and the requests of Duly in GraphQL."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from app.dev.project import DATA
from tests.bench.operations import Operation, Request
from tests.bench.rows import Population

SOURCES = Path(__file__).parent / "postgraphile"
COMMAND = ("node_modules/.bin/node", "server.js")
COMPARED = ("get", "list of 50", "create", "update")
"""The operations that PostGraphile has as well: it makes no toggle, and no search, from a table."""

_FOLDER = DATA / "bench" / "postgraphile"
_FIELDS = (
    "rowId userId title description completed priority tags dueDate reminderAt isRecurring recurrenceRule "
    "timezone createdAt updatedAt"
)
_GET = f"query($id: UUID!) {{ taskByRowId(rowId: $id) {{ {_FIELDS} }} }}"
_LIST = f"{{ allTasks(first: 50, orderBy: CREATED_AT_DESC) {{ nodes {{ {_FIELDS} }} totalCount }} }}"
_CREATE = f"mutation($task: TaskInput!) {{ createTask(input: {{task: $task}}) {{ task {{ {_FIELDS} }} }} }}"
_UPDATE = (
    "mutation($id: UUID!, $patch: TaskPatch!) "
    f"{{ updateTaskByRowId(input: {{rowId: $id, taskPatch: $patch}}) {{ task {{ {_FIELDS} }} }} }}"
)


def install() -> Path | None:
    """Install PostGraphile and its node once; their folder, or None where there is no npm."""
    if not shutil.which("npm"):
        return None
    _FOLDER.mkdir(parents=True, exist_ok=True)
    wanted, found = SOURCES / "package.json", _FOLDER / "package.json"
    if not found.exists() or found.read_text() != wanted.read_text():
        quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        shutil.copy(wanted, _FOLDER)
        try:
            subprocess.run(["npm", "install", *quiet], cwd=_FOLDER, check=True)
        except subprocess.CalledProcessError:
            found.unlink()
            raise
    shutil.copy(SOURCES / "server.js", _FOLDER)
    return _FOLDER


def translate(operation: Operation) -> Callable[[Population, Random], Iterator[Request]]:
    """The requests of the operation in GraphQL."""

    def requests(population: Population, chance: Random) -> Iterator[Request]:
        for request in operation.requests(population, chance):
            id = request.path.removeprefix("/tasks/")
            fields = json.loads(request.body or "{}")
            task = {_camel(name): value for name, value in fields.items()}
            if "priority" in task:
                task["priority"] = task["priority"].capitalize()
            query, variables = {
                "get": (_GET, {"id": id}),
                "list of 50": (_LIST, {}),
                "create": (_CREATE, {"task": task}),
                "update": (_UPDATE, {"id": id, "patch": task}),
            }[operation.name]
            body = json.dumps({"query": query, "variables": variables})
            yield Request("POST", "/graphql", request.user, body)

    return requests


def check(url: str, request: Request, token: str) -> None:
    """Send one request, as GraphQL answers errors with the status 200.

    Raises:
        RuntimeError: the answer has errors, or nothing in it.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    sent = urllib.request.Request(url + request.path, request.body.encode(), headers, method=request.method)
    with urllib.request.urlopen(sent, timeout=10) as response:
        answer = json.load(response)
    if "errors" in answer or None in answer["data"].values():
        raise RuntimeError(f"PostGraphile: {request.body} was answered {answer}")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
