"""The operations that are measured: each as requests of HTTP, and as the statements of the service."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from tests.bench.rows import RECURRING, Population, Tier, task_id, words

BIG = 50_000
"""So many tasks has user 0, for whom everything is searched."""


def searched(place: int) -> str:
    """The first long word at or after the place in the vocabulary: it is the beginning of few others."""
    return next(word for word in words()[place:] if len(word) > 8)


SEARCHED = [searched(place) for place in (150, 1500, 12_000)]
"""Words that are searched: a frequent, a middling and a rare one."""


@dataclass(frozen=True)
class Request:
    """``SERIAL`` in the body becomes another number each time."""

    method: str
    path: str
    user: int
    body: str = ""


SERIAL = "########"


@dataclass(frozen=True)
class Operation:
    """``requests`` yields endlessly; ``script`` is what pgbench runs. ``once``: a task serves only once."""

    name: str
    requests: Callable[[Population, random.Random], Iterator[Request]]
    script: str
    once: bool = False


def population(rows: int) -> Population:
    """1,000 users, of whom one has 50,000 tasks (or half of all, in a trial with fewer rows)."""
    big = min(BIG, rows // 2)
    return Population((Tier(1, big), Tier(999, max(1, (rows - big) // 999))))


def _task(population: Population, chance: random.Random, recurring: bool = False) -> tuple[int, int]:
    """A task of any user but the one with 50,000."""
    user = chance.randrange(1, 1000)
    number = chance.randrange(population.tiers[1].tasks - RECURRING) // RECURRING * RECURRING
    return user, number if recurring else number + chance.randrange(1, RECURRING)


def _get(population: Population, chance: random.Random) -> Iterator[Request]:
    while True:
        user, number = _task(population, chance)
        yield Request("GET", f"/tasks/{task_id(user, number)}", user)


def _list(parameters: str) -> Callable[[Population, random.Random], Iterator[Request]]:
    def requests(population: Population, chance: random.Random) -> Iterator[Request]:
        while True:
            yield Request("GET", f"/tasks?{parameters}", chance.randrange(1, 1000))

    return requests


def _search(population: Population, chance: random.Random) -> Iterator[Request]:
    while True:
        yield Request("GET", f"/tasks?q={quote(chance.choice(SEARCHED))}", 0)


def _create(population: Population, chance: random.Random) -> Iterator[Request]:
    known = words()
    while True:
        body = {
            "title": f"{chance.choice(known)} {chance.choice(known)} {SERIAL}",
            "description": " ".join(chance.choices(known, k=12)),
            "priority": chance.choice(["high", "medium", "low"]),
            "tags": ["home", "shop"],
            "due_date": "2026-12-01T10:00:00Z",
        }
        yield Request("POST", "/tasks", chance.randrange(1, 1000), json.dumps(body))


def _update(population: Population, chance: random.Random) -> Iterator[Request]:
    while True:
        user, number = _task(population, chance)
        body = {"title": f"Something else {SERIAL}", "due_date": "2026-12-24T18:00:00Z"}
        yield Request("PUT", f"/tasks/{task_id(user, number)}", user, json.dumps(body))


def _toggle(population: Population, chance: random.Random) -> Iterator[Request]:
    while True:
        user, number = _task(population, chance)
        yield Request("POST", f"/tasks/{task_id(user, number)}/toggle", user, "{}")


def _complete(population: Population, chance: random.Random) -> Iterator[Request]:
    """Recurring tasks, each once, those of a user far apart."""
    for number in range(0, population.tiers[1].tasks, RECURRING):
        for user in range(1, 1000):
            yield Request("POST", f"/tasks/{task_id(user, number)}/toggle", user, "{}")


_ANY = rf"""\set user random(1, 999)
\set number {RECURRING} * random(0, :tasks / {RECURRING} - 2) + random(1, {RECURRING} - 1)
"""
_NEXT = rf"""\set place :first + :turn * :clients + :client_id
\set turn :turn + 1
\set user 1 + :place % 999
\set number {RECURRING} * (:place / 999)
"""
_AS = "with request as materialized (select set_config('app.user_id', 'user-' || :user, true)) select "
_ID = "md5(:user || '/' || :number)::uuid"
_LIST = _AS + "api.list_tasks('{parameters}', '/tasks?', 'key', null) from request;\n"
_SAMPLE = " ".join(words()[place] for place in range(100, 112))

OPERATIONS = (
    Operation("get", _get, _ANY + _AS + f"api.get_task({_ID}, null) from request;\n"),
    Operation("list of 50", _list("limit=50"), _ANY + _LIST.format(parameters='{"limit": ["50"]}')),
    Operation(
        "list, filtered",
        _list("status=false&priority=high&sort_by=due_date"),
        _ANY
        + _LIST.format(parameters='{"status": ["false"], "priority": ["high"], "sort_by": ["due_date"]}'),
    ),
    Operation(
        "search",
        _search,
        "\\set user 0\n\\set which random(1, 3)\n"
        + _AS
        + "api.list_tasks(jsonb_build_object('q', jsonb_build_array((array["
        + ", ".join(f"'{word}'" for word in SEARCHED)
        + "])[:which])), '/tasks?', 'key', null) from request;\n",
    ),
    Operation(
        "create",
        _create,
        _ANY
        + "\\set serial random(0, 99999999)\n"
        + _AS
        + f"""api.create_task(('{{"title":"{words()[5]} {words()[50]} ' || :serial"""
        + f""" || '","description":"{_SAMPLE}","""
        + """"priority":"high","tags":["home","shop"],"due_date":"2026-12-01T10:00:00Z"}')::jsonb, """
        + "null, false, null, null) from request;\n",
    ),
    Operation(
        "update",
        _update,
        _ANY
        + "\\set serial random(0, 99999999)\n"
        + _AS
        + f"""api.update_task({_ID}, ('{{"title":"Something else ' || :serial"""
        + """ || '","due_date":"2026-12-24T18:00:00Z"}')::jsonb, """
        + "false, null, null, null) from request;\n",
    ),
    Operation(
        "toggle",
        _toggle,
        _ANY + _AS + f"api.toggle_task({_ID}, '{{}}', false, null, null, null, null) from request;\n",
    ),
    Operation(
        "toggle, recurring",
        _complete,
        # The service calls twice: once for the question, once with its answer.
        _NEXT
        + _AS
        + f"(api.toggle_task({_ID}, '{{}}', false, null, null, null, null)).response::jsonb ->> 'version'"
        + " as version from request \\gset\n"
        + _AS
        + f"""api.toggle_task({_ID}, '{{}}', false, null, null, """
        + """jsonb_build_object('version', :version::bigint, 'next', """
        + """'{"due_date": "2027-01-04T10:00:00", "reminder_at": "2027-01-04T09:00:00","""
        + """ "series_start": "2026-12-28T10:00:00", "series_index": 2}'::jsonb), null) from request;"""
        + "\n",
        once=True,
    ),
)


def request_lines(operation: Operation, population: Population, tokens: list[str], count: int) -> str:
    """The requests as wrk.lua reads them; fewer, where there are no more."""
    chance = random.Random(operation.name)
    lines = []
    for request, _ in zip(operation.requests(population, chance), range(count), strict=False):
        lines.append(f"{request.method}\t{request.path}\t{tokens[request.user]}\t{request.body}\n")
    return "".join(lines)
