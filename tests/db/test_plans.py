"""Lists and searches read what they show from the index meant for it: for a user of 50,000 tasks among 200,000 rows.

The plans are those of the statements as they run inside of the functions, as task_api, told by auto_explain.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.bench.rows import Population, Tier, fill, user_name

PEOPLE = Population((Tier(1, 50_000), Tier(10, 5_000), Tier(1_000, 100)))
BIG = user_name(0)
_CALL = "with request as materialized (select set_config('app.user_id', $1, true)) select api.list_tasks($2, '/tasks?', 'key', null) from request"
_STRETCHES = 6
"""A status and a priority each."""


@dataclass(frozen=True)
class Reading:
    """What a list read from app.tasks: by which indexes, how many rows of each, and how many in all."""

    page: dict[str, Any]
    rows: dict[str, int]

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
        connection.add_log_listener(lambda _, message: self._plans.append(json.loads(message.message.partition("plan:\n")[2])))
        await connection.execute("load 'auto_explain'")
        for name, value in {"log_min_duration": 0, "log_nested_statements": "on", "log_analyze": "on", "log_timing": "off",
                            "log_level": "notice", "log_format": "json"}.items():  # fmt: skip
            await connection.execute(f"set auto_explain.{name} = '{value}'")
        # Row-level security and privileges are now those of the service.
        await connection.execute("set role task_api")
        return connection

    def read(self, user: str = BIG, **parameters: str) -> Reading:
        body = json.dumps({name: [value] for name, value in parameters.items()})
        self._plans.clear()
        answer = self._runner.run(self._connection.fetchval(_CALL, user, body))
        rows: dict[str, int] = {}
        for node in (node for plan in self._plans for node in _nodes(plan["Plan"])):
            assert node["Node Type"] != "Seq Scan" or node.get("Schema") == "pg_catalog", node
            if "Index Name" in node:
                read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
                rows[node["Index Name"]] = rows.get(node["Index Name"], 0) + round(read * node["Actual Loops"])
        return Reading(json.loads(answer[2]), rows)

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


@pytest.fixture(scope="module")
def reader(server, template) -> Iterator[Reader]:
    """Of a database that is kept for the next run, since filling it takes long."""
    digest = hashlib.sha256((template + Path(fill.__code__.co_filename).read_text() + repr(PEOPLE)).encode()).hexdigest()
    name = f"duly_plans_{digest[:16]}"
    url = server.superuser_url(name)
    if not server.has_database(name):
        made = f"{name}_new"
        server.execute(f"drop database if exists {made}")
        server.create_database(made, template)
        asyncio.run(fill(server.superuser_url(made), "app.tasks", PEOPLE))
        server.execute(
            "insert into app.task_counts (user_id, completed, priority_rank, tasks) "
            "select user_id, completed, priority_rank, count(*) from app.tasks group by 1, 2, 3",
            made,
        )
        server.execute("analyze app.task_counts", made)
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
    ({"sort_by": "due_date", "sort_order": "asc"}, "tasks_by_due_date_or_infinity"),
    ({"sort_by": "due_date", "sort_order": "desc"}, "tasks_by_due_date_or_minus_infinity"),
    ({"sort_by": "priority", "sort_order": "asc"}, "tasks_by_priority"),
    ({"sort_by": "priority", "sort_order": "desc"}, "tasks_by_priority"),
]
FILTERS = [{}, {"status": "false"}, {"priority": "high"}, {"priority": "high,low"}, {"status": "true", "priority": "medium"}]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize(("order", "index"), ORDERS, ids=str)
def test_a_page_in_any_order_reads_its_rows_from_the_index_of_that_order(reader, order, index, filters):
    reading = reader.read(limit="20", **order, **filters)
    assert len(reading.page["items"]) == 20
    assert reading.page["total"] > 5_000
    assert set(reading.rows) == {index, "tasks_pkey", "task_counts_pkey"}
    # One row more than the page from each stretch, to be merged; then the page itself.
    assert reading.rows[index] <= _STRETCHES * 21
    assert reading.rows["tasks_pkey"] <= 20


@pytest.mark.parametrize(("order", "index"), ORDERS, ids=str)
def test_a_page_by_cursor_costs_the_same_anywhere_and_both_ways(reader, order, index):
    middle = reader.read(limit="20", offset="25000", **order)
    after = reader.read(cursor=middle.page["next_cursor"])
    assert after.rows[index] <= _STRETCHES * 21
    assert set(after.rows) == {index, "tasks_pkey", "task_counts_pkey"}
    last = after.page["next_cursor"]
    assert [task["id"] for task in after.page["items"]] != [task["id"] for task in reader.read(cursor=last).page["items"]]


def test_a_page_by_offset_reads_no_further_than_its_end(reader):
    reading = reader.read(limit="20", offset="1000")
    assert reading.rows["tasks_by_created_at"] <= _STRETCHES * 1021


def test_the_total_is_read_from_six_counts(reader):
    assert reader.read().rows["task_counts_pkey"] == _STRETCHES


@pytest.mark.parametrize(
    "parameters",
    [
        {"tags": "tag25"}, {"tags": "tag25,tag26"}, {"tags": "tag1,tag26", "tags_match": "all"}, {"tags": "tag25", "status": "false"},
        {"q": "SEARCHED"}, {"q": "SEARCHED", "sort_by": "due_date"}, {"q": "SEARCHED", "tags": "tag1"}, {"q": '"SEARCHED"'},
        {"q": "SEARCHED -tag"}, {"q": "SEARCHED", "due_date_from": "2026-03-01"},
    ],
    ids=str,
)  # fmt: skip
def test_tags_and_searches_read_what_they_find_from_the_search_index(reader, parameters):
    title = reader.read(limit="1").page["items"][0]["title"]
    reading = reader.read(**{name: value.replace("SEARCHED", title.split()[0]) for name, value in parameters.items()})
    assert "tasks_by_search" in reading.rows
    assert set(reading.rows) <= {"tasks_by_search", "tasks_pkey", "task_counts_pkey"}
    assert 1 <= reading.page["total"] < 5_000
    # Found, counted anew under row-level security, and shown; a filter may leave fewer than were found.
    found = reading.rows["tasks_by_search"]
    assert found < 10_000
    assert reading.rows["tasks_pkey"] <= reading.page["total"] + 101


def test_a_search_of_nothing_reads_no_task(reader):
    reading = reader.read(q="qqqqqqqqqqqq")
    assert (reading.page["items"], reading.page["total"]) == ([], 0)
    assert reading.rows.get("tasks_pkey", 0) == 0


@pytest.mark.parametrize(
    ("parameters", "index"),
    [
        ({"due_date_from": "2026-05-04", "due_date_to": "2026-05-05"}, "tasks_by_due_date_or_minus_infinity"),
        ({"due_date_from": "2026-12-30"}, "tasks_by_due_date_or_minus_infinity"),
        ({"due_date_to": "2026-01-02"}, "tasks_by_due_date_or_infinity"),
        ({"due_date_from": "2026-05-04", "due_date_to": "2026-05-05", "status": "false", "sort_by": "title"}, "tasks_by_due_date_or_minus_infinity"),
    ],
    ids=str,
)  # fmt: skip
def test_a_span_of_due_dates_reads_that_span_alone(reader, parameters, index):
    reading = reader.read(**parameters)
    total = reading.page["total"]
    assert 1 <= total < 1_000
    assert set(reading.rows) == {index, "tasks_pkey", "task_counts_pkey"}
    # Before 18, PostgreSQL tells the rows of each of the up to six stretches as a rounded average.
    assert abs(reading.rows[index] - total) <= 3
    assert reading.rows["tasks_pkey"] <= total + 101


def test_a_small_user_pays_nothing_for_the_large_one(reader):
    small = user_name(PEOPLE.first_user(2))
    assert reader.read(user=small).total <= 2 * 101
    assert reader.read(user=small, tags="tag1").total <= 300
