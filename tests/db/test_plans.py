"""Lists and searches of a user of 50,000 tasks read their rows from the index meant for them.

The plans are those of the statements as they run inside of the functions, as task_api, told by auto_explain.
The table has 80,000 rows in ``make test`` and a million in ``make test-all``.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.bench.rows import Population, Tier, fill, user_name, without_indexes, words
from tests.servers import one_at_a_time
from tests.thorough import THOROUGH

PEOPLE = Population((Tier(1, 50_000), Tier(10, 5_000), Tier(50, 100)))
# More users of 100 tasks each, with a title of one word: full texts for a million tasks take minutes to make.
_CROWD = 895_000
if not THOROUGH:
    PEOPLE, _CROWD = Population((Tier(1, 50_000), Tier(1, 5_000), Tier(50, 100))), 20_000
_CROWDED = """
with made as (
  insert into app.tasks (user_id, title, completed, priority, due_date, created_at, updated_at)
  select
    'crowd-' || n % $4, ($3::name[])[1 + n * 7919 % 20000]::text, n % 3 = 0,
    (array['High', 'Medium', 'Low'])[1 + n % 7 % 3],
    case when n % 2 = 0 then timestamptz '2026-01-01Z' + n * interval '1 minute' end,
    timestamptz '2024-01-01Z' + n * interval '1 minute', timestamptz '2025-01-01Z' + n * interval '1 minute'
  from generate_series($1::bigint, $2::bigint - 1) as n
  returning user_id, id, title, description, tags)
insert into app.search_entries (user_id, id, keys)
select user_id, id, app.search_vector(user_id, title, description, tags) from made
"""
BIG = user_name(0)

pytestmark = pytest.mark.thorough
_CALL = (
    "with request as materialized (select set_config('app.user_id', $1, true)) select "
    "api.list_tasks($2, '/tasks?', 'key', null) from request"
)
_CHANGES = (
    "with request as materialized (select set_config('app.user_id', $1, true)) select "
    "api.list_changes($2, $3, null) from request"
)


async def _fill(url: str) -> None:
    """People among the crowd. The indexes are made once, at the end."""

    async def insert(start: int, end: int) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("set session_replication_role = replica")
        await connection.execute("set jit = off")
        await connection.execute(_CROWDED, start, end, words(), _CROWD // 100)
        await connection.close()

    async with without_indexes(url, "app.tasks", "app.search_entries"):
        await asyncio.gather(insert(0, _CROWD // 2), insert(_CROWD // 2, _CROWD))
        await fill(url, PEOPLE)


@dataclass(frozen=True)
class Reading:
    """What a list read: by which indexes, how many rows of each, and how many in all.

    ``sorted``: rows that no index had in order; ``buffers``: pages of 8 KiB that were touched.
    """

    page: dict[str, Any]
    rows: dict[str, int]
    sorted: int
    buffers: int

    @property
    def total(self) -> int:
        return sum(self.rows.values())


class Reader:
    """Reads lists as task_api, and tells how."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._plans: list[Any] = []
        self._connection = self._runner.run(self._connect(url))

    async def _connect(self, url: str) -> asyncpg.Connection:
        connection = await asyncpg.connect(url)
        connection.add_log_listener(
            lambda _, message: self._plans.append(json.loads(message.message.partition("plan:\n")[2]))
        )
        await connection.execute("load 'auto_explain'")
        for name, value in {"log_min_duration": 0, "log_nested_statements": "on", "log_analyze": "on",
                            "log_timing": "off", "log_buffers": "on", "log_level": "notice",
                            "log_format": "json"}.items():  # fmt: skip
            await connection.execute(f"set auto_explain.{name} = '{value}'")
        # Row-level security and privileges are now those of the service.
        await connection.execute("set role task_api")
        return connection

    def read(self, user: str = BIG, **parameters: str) -> Reading:
        return self._run(_CALL, user, json.dumps({name: [value] for name, value in parameters.items()}))

    def read_changes(self, user: str, since: str | None, limit: int) -> Reading:
        return self._run(_CHANGES, user, since, limit)

    def _run(self, call: str, *arguments: object) -> Reading:
        self._plans.clear()
        answer = self._runner.run(self._connection.fetchval(call, *arguments))
        rows: dict[str, int] = {}
        ordered = 0
        for node in (node for plan in self._plans for node in _nodes(plan["Plan"])):
            assert node["Node Type"] != "Seq Scan" or node.get("Schema") == "pg_catalog", node
            if "Sort" in node["Node Type"]:
                ordered += round(node["Actual Rows"] * node["Actual Loops"])
            if "Index Name" in node:
                read = (
                    node["Actual Rows"]
                    + node.get("Rows Removed by Filter", 0)
                    + node.get("Rows Removed by Index Recheck", 0)
                )
                rows[node["Index Name"]] = rows.get(node["Index Name"], 0) + round(
                    read * node["Actual Loops"]
                )
        # The outermost statement counts the pages of those inside of it.
        buffers = max(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
                      for plan in self._plans)  # fmt: skip
        return Reading(json.loads(answer[2]), rows, ordered, buffers)

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


@pytest.fixture(scope="module")
def reader(server, template) -> Iterator[Reader]:
    """Of a database that is kept for the next run; of several processes one fills it."""
    rows = Path(fill.__code__.co_filename).read_text() + repr((PEOPLE, _CROWD, _CROWDED))
    name = f"duly_plans_{hashlib.sha256((template + rows).encode()).hexdigest()[:16]}"
    url = server.superuser_url(name)
    with one_at_a_time("plans"):
        if not server.has_database(name):
            # What was made before by others, or by halves. A million rows take a gigabyte.
            old = "select coalesce(array_agg(datname::text), '{}') from pg_database"
            for database in server.execute(f"{old} where starts_with(datname, 'duly_plans_')"):
                with suppress(asyncpg.ObjectInUseError):
                    server.execute(f"drop database {database}")
            made = f"{name}_new"
            server.create_database(made, template)
            asyncio.run(_fill(server.superuser_url(made)))
            server.execute(f"alter database {made} rename to {name}")
    reader = Reader(url)
    yield reader
    reader.close()


ORDERS = [
    ({}, "tasks_by_created_at"),
    ({"sort_by": "created_at", "sort_order": "asc"}, "tasks_by_created_at"),
    ({"sort_by": "updated_at", "sort_order": "asc"}, "tasks_by_updated_at"),
    ({"sort_by": "updated_at", "sort_order": "desc"}, "tasks_by_updated_at"),
    ({"sort_by": "title", "sort_order": "asc"}, "tasks_by_title"),
    ({"sort_by": "title", "sort_order": "desc"}, "tasks_by_title"),
    ({"sort_by": "due_date", "sort_order": "asc"}, "tasks_by_due_date"),
    ({"sort_by": "due_date", "sort_order": "desc"}, "tasks_by_due_date"),
    ({"sort_by": "priority", "sort_order": "asc"}, "tasks_by_created_at"),
    ({"sort_by": "priority", "sort_order": "desc"}, "tasks_by_created_at"),
]
FILTERS = [
    {},
    {"status": "false"},
    {"priority": "high"},
    {"priority": "high,low"},
    {"status": "true", "priority": "medium"},
]


# From how many stretches of its index, a status and a priority each, a list is merged; and how many such
# lists make the page, one after the other: with and without a due date, each priority.
MERGED = {"due_date": (6, 2), "priority": (2, 3)}


def most_rows(order: dict[str, str], rows: int) -> int:
    """What may be read to show so many rows, and whether there are more: of each stretch no more than is
    shown, and one.
    """
    stretches, lists = MERGED.get(order.get("sort_by", ""), (6, 1))
    return lists * (rows + 1 + stretches)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize(("order", "index"), ORDERS, ids=str)
def test_a_page_in_any_order_reads_its_rows_from_the_index_of_that_order(reader, order, index, filters):
    reading = reader.read(limit="20", **order, **filters)
    assert len(reading.page["items"]) == 20
    assert reading.page["total"] > 5_000
    # Nothing is looked up a second time.
    assert set(reading.rows) == {index, "task_counts_pkey"}
    assert 21 <= reading.rows[index] <= most_rows(order, 20)


@pytest.mark.parametrize(("order", "index"), ORDERS, ids=str)
def test_a_page_by_cursor_costs_the_same_anywhere_and_both_ways(reader, order, index):
    middle = reader.read(limit="20", offset="25000", **order)
    after = reader.read(cursor=middle.page["next_cursor"])
    assert after.rows[index] <= most_rows(order, 20)
    assert set(after.rows) == {index, "task_counts_pkey"}
    last = after.page["next_cursor"]
    assert [task["id"] for task in after.page["items"]] != [
        task["id"] for task in reader.read(cursor=last).page["items"]
    ]


@pytest.mark.parametrize(("order", "index"), ORDERS, ids=str)
def test_a_page_by_offset_reads_no_further_than_its_end(reader, order, index):
    reading = reader.read(limit="20", offset="1000", **order)
    assert set(reading.rows) == {index, "task_counts_pkey"}
    assert reading.rows[index] <= most_rows(order, 1020)


def test_the_total_is_read_from_three_counts(reader):
    assert reader.read().rows["task_counts_pkey"] == 1
    assert reader.read(priority="high", status="false").rows["task_counts_pkey"] == 1


@pytest.mark.parametrize(
    "filters", [{}, {"status": "false"}, {"priority": "high,low"}, {"due_date_from": "2026-03-01"}], ids=str
)
@pytest.mark.parametrize(
    "search",
    [
        {"tags": "tag25"}, {"tags": "tag25,tag26"}, {"tags": "tag1,tag26", "tags_match": "all"},
        {"q": "SEARCHED"}, {"q": "SEARCHED", "sort_by": "due_date"}, {"q": "SEARCHED", "tags": "tag1"},
        {"q": '"SEARCHED"'},
        {"q": "SEARCHED -tag"},
    ],
    ids=str,
)  # fmt: skip
def test_tags_and_searches_read_what_they_find_from_the_search_index(reader, search, filters):
    title = reader.read(limit="1").page["items"][0]["title"]
    search = {name: value.replace("SEARCHED", title.split()[0]) for name, value in search.items()}
    found = reader.read(**search).page["total"]
    assert 1 <= found < 5_000
    reading = reader.read(**search, **filters)
    assert set(reading.rows) == {"search_entries_by_keys", "tasks_pkey", "task_counts_pkey"}
    assert 1 <= reading.page["total"] <= found
    assert reading.rows["search_entries_by_keys"] == found
    # Each that was found is looked at under row-level security, and the page is shown; a filter may leave
    # fewer than were found.
    assert reading.rows["tasks_pkey"] <= found + 51


def test_a_search_of_nothing_reads_only_the_newest_titles_to_suggest_another(reader):
    reading = reader.read(q="qqqqqqqqqqqq")
    assert (reading.page["items"], reading.page["total"]) == ([], 0)
    assert reading.rows.pop("tasks_by_created_at") <= 6 * 200
    assert reading.rows == {"search_entries_by_keys": 0, "tasks_pkey": 0, "task_counts_pkey": 1}
    assert reader.read(q='"qqqqqqqqqqqq"').rows == {
        "search_entries_by_keys": 0,
        "tasks_pkey": 0,
        "task_counts_pkey": 1,
    }


@pytest.mark.parametrize(
    "order", [{}, {"sort_by": "due_date", "sort_order": "desc"}, {"sort_by": "title"}], ids=str
)
@pytest.mark.parametrize(
    "filters",
    [
        {"due_date_from": "2026-05-04", "due_date_to": "2026-05-05"}, {"due_date_from": "2026-12-30"},
        {"due_date_to": "2026-01-02"},
        {"due_date_from": "2026-05-04", "due_date_to": "2026-05-05", "status": "false"},
        {"due_date_from": "2026-12-30", "priority": "low"},
    ],
    ids=str,
)  # fmt: skip
def test_a_span_of_due_dates_reads_that_span_alone(reader, filters, order):
    reading = reader.read(**filters, **order)
    total = reading.page["total"]
    assert 1 <= total < 1_000
    assert set(reading.rows) == {"tasks_by_due_date", "tasks_pkey", "task_counts_pkey"}
    # Before 18, PostgreSQL tells the rows of each of the up to six stretches as a rounded average.
    assert abs(reading.rows["tasks_by_due_date"] - total) <= 3
    assert reading.rows["tasks_pkey"] <= 51


def test_a_small_user_pays_nothing_for_the_large_one(reader):
    small = user_name(PEOPLE.first_user(2))
    assert reader.read(user=small).total <= most_rows({}, 50) + 3
    tagged = reader.read(user=small, tags="tag1")
    assert 1 <= tagged.page["total"] == tagged.rows["search_entries_by_keys"] < 50
    assert tagged.total <= 3 * tagged.page["total"] + 3


@pytest.mark.parametrize("limit", [1, 100, 500])
def test_a_page_of_changes_costs_the_same_anywhere_in_the_walk(reader, limit):
    first = reader.read_changes(BIG, None, limit)
    assert len(first.page["changed"]) == limit
    middle = first
    for _ in range(3):
        middle = reader.read_changes(BIG, middle.page["next"], limit)
        assert len(middle.page["changed"]) == limit
    for reading in (first, middle):
        # It is merged from six stretches of the index, each of which is read one row ahead.
        assert limit < reading.rows["tasks_by_updated_at"] <= limit + 1 + 6
        read = {index for index, rows in reading.rows.items() if rows}
        assert read == {"tasks_by_updated_at", "task_counts_pkey"}


def test_a_first_walk_of_50000_tasks_takes_100_pages_that_cost_the_same(reader):
    pages, tasks, since = [], set(), None
    while not pages or pages[-1].page["has_more"]:
        pages.append(reader.read_changes(BIG, since, 500))
        since = pages[-1].page["next"]
        tasks |= {task["id"] for task in pages[-1].page["changed"]}
    assert (len(pages), len(tasks)) == (100, 50_000)
    for reading in pages:
        assert {index for index, rows in reading.rows.items() if rows} == {
            "tasks_by_updated_at", "task_counts_pkey"
        }  # fmt: skip
        assert reading.sorted == 0
    # A page of the table for each task, and for each stretch a way through the index.
    assert max(reading.buffers for reading in pages) <= 3 * 500


def test_changes_since_a_token_read_only_what_is_new(reader):
    since, more = None, True
    while more:
        walked = reader.read_changes(BIG, since, 500).page
        since, more = walked["next"], walked["has_more"]
    assert reader.read_changes(BIG, since, 500).rows == {"task_counts_pkey": 1}
    epoch, _, number = since.partition("-")
    last = reader.read_changes(BIG, f"{epoch}-{int(number) - 1}", 500)
    assert len(last.page["changed"]) == 1
    assert last.rows["tasks_by_updated_at"] == 1
    assert last.sorted == 0
    assert last.buffers <= 60
