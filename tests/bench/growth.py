"""``make bench-growth``: each operation at three sizes of the table, for users of three sizes; its time and
the buffers it touches.

BENCH_SIZES (rows, parted by commas) and BENCH_SAMPLES make it shorter or longer.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from tests.bench import store
from tests.bench.operations import searched
from tests.bench.report import figures, lines, machine, table, write
from tests.bench.rows import PROJECT, Population, Tier, chinese_number, progress, task_id, user_name, words

SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "100000,1000000,5000000").split(",")]
SAMPLES = int(os.environ.get("BENCH_SAMPLES", "300"))
USERS = (100, 5_000, 50_000)
"""Tasks of a user."""

_EXPLAINED = 30
"""Calls whose buffers are counted."""
_TURNS = 6
"""In which the calls are made."""
_STATEMENT = (
    "with request as materialized (select set_config('app.user_id', $1, true)) select api.{call} from request"
)
_LIST = "list_tasks($2, '/tasks?', 'key', null)"
_METHOD = """Rows of all users lie interleaved. The statements are those of the service, over a Unix socket,
one after the other, warm: median / p99 of {samples} in milliseconds, the probes taking turns, and the median
of the buffers (8 KiB pages, found in memory or read) that one touches. The last columns divide the medians:
the user with the most tasks by the one with the fewest, at the largest size; and the largest table by the
smallest, for the same user (the worst of the three). Again: `make bench-growth`.
"""


@dataclass(frozen=True)
class Probe:
    """``arguments`` makes those of one call, for the user with that number and so many tasks."""

    name: str
    call: str
    arguments: Callable[[random.Random, int, int], list[object]]
    goal: bool = True
    """Whether it must not grow.

    A search grows with what it finds, and so does another list whose total is not a counter.
    """

    @property
    def writes(self) -> bool:
        return not self.call.startswith(("get", "list"))


@dataclass(frozen=True)
class Cell:
    """What was measured of one probe, at one size, for one user."""

    p50: float
    p99: float
    buffers: float


def population(rows: int) -> Population:
    """A fifth of the rows belongs to users of 50,000 tasks, a fifth to those of 5,000, the rest to those
    of 100.
    """
    big, middle = max(1, rows // 250_000), max(1, rows // 25_000)
    return Population(
        (
            Tier(big, 50_000),
            Tier(middle, 5_000),
            Tier(max(1, (rows - big * 50_000 - middle * 5_000) // 100), 100),
        )
    )


def _any(user: int, tasks: int, chance: random.Random) -> str:
    # Every fifth task recurs, see rows.py; these don't.
    return str(task_id(user, chance.randrange(tasks // 5) * 5 + chance.randrange(1, 5)))


def _listed(**parameters: str) -> Callable[[random.Random, int, int], list[object]]:
    # Pages that even the user with the fewest tasks can fill.
    return lambda chance, user, tasks: [
        json.dumps({name: [value] for name, value in {"limit": "20", **parameters}.items()})
    ]


def _searched(place: int) -> Callable[[random.Random, int, int], list[object]]:
    return lambda chance, user, tasks: [json.dumps({"q": [searched(place + chance.randrange(100))]})]


def _in_project(chance: random.Random, user: int, tasks: int) -> list[object]:
    return [json.dumps({"limit": ["20"], "tags": [f"project{chance.randrange(tasks // PROJECT)}"]})]


def _due(chance: random.Random, user: int, tasks: int) -> list[object]:
    # Eleven tasks in fifteen have one, all over the year.
    span = timedelta(days=365) * PROJECT * 15 / 11 / tasks
    begin = datetime(2026, 1, 1, tzinfo=UTC) + chance.random() * (timedelta(days=365) - span)
    return [
        json.dumps(
            {
                "limit": ["20"],
                "due_date_from": [begin.isoformat()],
                "due_date_to": [(begin + span).isoformat()],
            }
        )
    ]


def _in_chinese(chance: random.Random, user: int, tasks: int) -> list[object]:
    # A part of what one description has between letters that all such descriptions have.
    return [json.dumps({"q": [f"会议{chinese_number(chance.randrange(tasks // 10) * 10 + 7)}纪要"]})]


def _body(chance: random.Random) -> str:
    known = words()
    return json.dumps(
        {
            "title": " ".join(chance.choices(known, k=4)),
            "description": " ".join(chance.choices(known, k=12)),
            "tags": ["tag1"],
        }
    )


PROBES = (
    Probe("get", "get_task($2, null)", lambda chance, user, tasks: [_any(user, tasks, chance)]),
    Probe("create", "create_task($2, null, false, null, null)", lambda chance, user, tasks: [_body(chance)]),
    Probe(
        "update",
        "update_task($2, $3, false, null, null, null)",
        lambda chance, user, tasks: [_any(user, tasks, chance), _body(chance)],
    ),
    Probe(
        "toggle",
        "toggle_task($2, '{}', false, null, null, null, null)",
        lambda chance, user, tasks: [_any(user, tasks, chance)],
    ),
    Probe("list, newest first", _LIST, _listed()),
    Probe("list by updated_at", _LIST, _listed(sort_by="updated_at", sort_order="desc")),
    Probe("list by title", _LIST, _listed(sort_by="title")),
    Probe("list by priority", _LIST, _listed(sort_by="priority")),
    Probe("list by due_date", _LIST, _listed(sort_by="due_date")),
    Probe("list by due_date, descending", _LIST, _listed(sort_by="due_date", sort_order="desc")),
    Probe("page by cursor, anywhere", _LIST, lambda chance, user, tasks: []),
    Probe(
        "list of a status and a priority", _LIST, _listed(status="false", priority="high", sort_by="due_date")
    ),
    Probe("list with a tag of 20 tasks", _LIST, _in_project),
    Probe("list of 20 tasks by their due dates", _LIST, _due),
    Probe("list with a frequent tag", _LIST, _listed(tags="tag25"), goal=False),
    Probe(
        "list due in a week", _LIST, _listed(due_date_from="2026-05-04", due_date_to="2026-05-10"), goal=False
    ),
    Probe("search of a rare word", _LIST, _searched(12_000), goal=False),
    Probe("search of a frequent word", _LIST, _searched(150), goal=False),
    Probe("search of Chinese letters", _LIST, _in_chinese, goal=False),
)
_ILIKE = (
    "select count(*), array_agg(id) from (select id from app.tasks where user_id = $1 "
    "and (title ilike $2 or description ilike $2) "
    "order by created_at desc) as found"
)

Cells = dict[tuple[str, int, int], Cell]


async def measure(url: str, owner: str, people: Population) -> list[tuple[str, int, Cell]]:
    """The cells of one database: (probe, tasks of the user, cell)."""
    connection = await asyncpg.connect(url)
    runs = []
    for place, tier in reversed(list(enumerate(people.tiers))):
        # As many users at each size, so that the table is all that grows.
        users = min(20, population(SIZES[0]).tiers[place].users)
        for probe in PROBES:
            # Where there are enough users of that size, those whose tasks are written are not those who read.
            first = users if probe.writes else 0
            numbers = [people.first_user(place) + (first + number) % tier.users for number in range(users)]
            runs.append(await _prepare(connection, probe, numbers, tier.tasks))
            progress(
                f"{people.rows:,} rows, user of {tier.tasks:,} tasks, {probe.name}: "
                f"{figures(runs[-1].buffers)} buffers"
            )
    # In turns, so that what else happens on the machine falls on all of them.
    for turn in range(_TURNS):
        for run in runs:
            await run.measure(turn)
        progress(f"{people.rows:,} rows, turn {turn + 1} of {_TURNS}")
    cells = [(run.probe.name, run.tasks, run.cell) for run in runs]
    superuser = await asyncpg.connect(owner)
    chance = random.Random(3)
    for name, text in (
        ("ilike of a rare word", lambda: searched(12_000 + chance.randrange(100))),
        ("ilike of Chinese letters", lambda: f"会议{chinese_number(chance.randrange(5_000) * 10 + 7)}纪要"),
    ):
        times = []
        for _ in range(12):
            begun = time.perf_counter()
            await superuser.fetchrow(_ILIKE, user_name(0), f"%{text()}%")
            times.append((time.perf_counter() - begun) * 1e3)
        cells.append((name, USERS[-1], Cell(median(times), max(times), 0)))
    await superuser.close()
    await connection.close()
    return cells


@dataclass
class Run:
    """A probe with the users of one size, and the milliseconds that its calls took."""

    probe: Probe
    tasks: int
    statement: PreparedStatement
    calls: list[list[object]]
    buffers: float
    times: list[float] = field(default_factory=list)

    async def measure(self, turn: int) -> None:
        for call in self.calls[turn::_TURNS]:
            begun = time.perf_counter()
            await self.statement.fetchval(*call)
            self.times.append((time.perf_counter() - begun) * 1e3)

    @property
    def cell(self) -> Cell:
        return Cell(median(self.times), sorted(self.times)[len(self.times) * 99 // 100], self.buffers)


async def _prepare(connection: asyncpg.Connection, probe: Probe, users: list[int], tasks: int) -> Run:
    """Count the buffers of a few calls; and make the others once, where that changes nothing, to be warm."""
    chance = random.Random(probe.name)
    calls = []
    for number in range(SAMPLES + _EXPLAINED):
        user = users[number % len(users)]
        calls.append([user_name(user), *probe.arguments(chance, user, tasks)])
    if "cursor" in probe.name:
        calls = [[user_name(user), await _cursor(connection, user, chance)] for user in users]
        calls = [calls[number % len(calls)] for number in range(SAMPLES + _EXPLAINED)]
    sql = _STATEMENT.format(call=probe.call)
    buffers = []
    explain = await connection.prepare(f"explain (analyze, buffers, timing off, format json) {sql}")
    for call in calls[:_EXPLAINED]:
        plan = json.loads(await explain.fetchval(*call))[0]["Plan"]
        buffers.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    statement = await connection.prepare(sql)
    if not probe.writes:
        for call in calls:
            await statement.fetchval(*call)
    return Run(probe, tasks, statement, calls[_EXPLAINED:], median(buffers))


async def _cursor(connection: asyncpg.Connection, user: int, chance: random.Random) -> str:
    """The parameters of a page somewhere in the list."""
    sql = _STATEMENT.format(call=_LIST)
    offset = chance.randrange(1, 50)
    counted = json.loads((await connection.fetchval(sql, user_name(user), '{"limit": ["1"]}'))[2])["total"]
    parameters = {"limit": ["20"], "offset": [str(max(0, counted * offset // 50 - 25))]}
    page = json.loads((await connection.fetchval(sql, user_name(user), json.dumps(parameters)))[2])
    return json.dumps({"cursor": [page["next_cursor"]]})


def main() -> None:
    """Fill each size, measure it, drop it; then report."""
    cells: Cells = {}
    with store.start() as kept:
        for size in SIZES:
            people = population(size)
            database = kept.filled(people, keep=size <= 1_000_000)
            owner = kept.server.superuser_url(database)
            for name, tasks, cell in asyncio.run(measure(kept.server.service_url(database), owner, people)):
                cells[name, tasks, size] = cell
            kept.drop(database)
        version = kept.version
    progress("")
    report(cells, version)


def report(cells: Cells, version: str) -> None:
    """Write growth.md, growth.svg and growth-users.svg."""
    least, most = SIZES[0], SIZES[-1]
    rows, buffers = [], []
    for probe in PROBES:
        users = cells[probe.name, USERS[-1], most].p50 / cells[probe.name, USERS[0], most].p50
        sizes = max(
            cells[probe.name, tasks, most].p50 / cells[probe.name, tasks, least].p50 for tasks in USERS
        )
        rows.append([
            probe.name,
            *(
                f"{cells[probe.name, tasks, size].p50:.2f} / {cells[probe.name, tasks, size].p99:.1f}"
                for tasks in USERS for size in SIZES
            ),
            f"{users:.2f}", f"{sizes:.2f}",
            "" if not probe.goal else "yes" if users <= 1.5 and sizes <= 1.3 else "**no**",
        ])  # fmt: skip
        buffers.append(
            [
                probe.name,
                *(f"{cells[probe.name, tasks, size].buffers:,.0f}" for tasks in USERS for size in SIZES),
            ]
        )
    head = [f"{_short(tasks)} of {_short(size)}" for tasks in USERS for size in SIZES]
    compared = []
    for what in ("a rare word", "Chinese letters"):
        ilike, search = (cells[f"{how} of {what}", USERS[-1], most].p50 for how in ("ilike", "search"))
        compared.append(
            f"of {what} takes {search:.2f} ms, `ilike` over the same rows {ilike:.0f} ms: "
            f"1/{ilike / search:.0f}"
        )
    text = [
        "# Growth\n", machine(version), _METHOD.format(samples=SAMPLES),
        "## Milliseconds: tasks of the user, of rows of the table\n",
        table(["", *head, "50k / 100 tasks", f"{_short(most)} / {_short(least)} rows", "at most 1.5 and 1.3"],
        rows),
        "![milliseconds by rows](growth.svg)\n",
        f"In {most:,} rows a search of 50,000 tasks {'; '.join(compared)} (at most 1/30).\n",
        "## Buffers\n", table(["", *head], buffers),
    ]  # fmt: skip
    shown = (
        "get",
        "create",
        "toggle",
        "list, newest first",
        "page by cursor, anywhere",
        "search of a rare word",
    )
    lines(
        "growth.svg", "A user of 50,000 tasks", "rows of the table",
        {name: {size: cells[name, USERS[-1], size].p50 for size in SIZES} for name in shown}, "ms, median",
    )  # fmt: skip
    write("growth.md", "\n".join(text))


def _short(number: int) -> str:
    return (
        f"{number // 1_000_000}M"
        if number >= 1_000_000
        else f"{number // 1_000}k"
        if number >= 1_000
        else str(number)
    )


if __name__ == "__main__":
    main()
