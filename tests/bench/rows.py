"""The rows that are measured on: whose they are, what their ids are, and how they get into a database
quickly.

Rows of different users lie interleaved, as they would after years of use. Ids are digests of the user's and
the task's
number, so that every load generator knows them without asking.
"""

import asyncio
import hashlib
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar
from uuid import UUID

import asyncpg

Job = TypeVar("Job")

CHUNK = 50_000
FILLERS = 2
RECURRING = 5
"""Every fifth task of a user recurs weekly, and is neither completed nor without a due date."""

PROJECT = 20
"""So many tasks have a tag of their own."""

WORDS = 20_000


@cache
def words() -> list[str]:
    """A vocabulary whose words have stems and common beginnings, as those of a language have; the most
    frequent one first.
    """
    chance = random.Random(1)
    syllables = [consonant + vowel for consonant in "bdfghklmnprstvz" for vowel in "aeiou"]
    endings = ["", "", "", "ing", "s", "ed", "n", "r"]
    made = dict.fromkeys(
        "".join(chance.choices(syllables, k=chance.choice([2, 2, 3, 3, 4]))) + chance.choice(endings)
        for _ in range(2 * WORDS)
    )
    return list(made)[:WORDS]


@dataclass(frozen=True)
class Tier:
    """So many users with so many tasks each."""

    users: int
    tasks: int


@dataclass(frozen=True)
class Population:
    """The users and their rows, by tiers; user 0 is the first of the first tier."""

    tiers: tuple[Tier, ...]

    @property
    def rows(self) -> int:
        return sum(tier.users * tier.tasks for tier in self.tiers)

    def first_user(self, tier: int) -> int:
        """The number of the first user of a tier."""
        return sum(each.users for each in self.tiers[:tier])

    def numbers_sql(self) -> str:
        """A query of (u, k): the numbers of the user and the task in the rows from $1 to $2 - 1."""
        cases_u, cases_k, first_row = [], [], 0
        for place, tier in enumerate(self.tiers):
            last_row = first_row + tier.users * tier.tasks
            cases_u.append(
                f"when p < {last_row} then {self.first_user(place)} + (p - {first_row}) / {tier.tasks}"
            )
            cases_k.append(f"when p < {last_row} then (p - {first_row}) % {tier.tasks}")
            first_row = last_row
        # A prime that divides no number of rows used here takes each row once, in an order that mixes the
        # users.
        return (
            f"select case {' '.join(cases_u)} end as u, case {' '.join(cases_k)} end as k "
            f"from (select n * 1000003 % {self.rows} as p from generate_series($1::bigint, $2::bigint - 1) "
            "as n) as places"
        )


def user_name(user: int) -> str:
    return f"user-{user}"


def task_id(user: int, task: int) -> UUID:
    return UUID(hashlib.md5(f"{user}/{task}".encode(), usedforsecurity=False).hexdigest())


# Every tenth task is described in Chinese: its number among words that all of these have.
_CHINESE = "'项目会议' || translate(k::text, '0123456789', '零一二三四五六七八九') || '纪要需要整理'"


def chinese_number(task: int) -> str:
    """What the description of a task says in Chinese, where it has the number of the task."""
    return str(task).translate(str.maketrans("0123456789", "零一二三四五六七八九"))


# Words as name[], since an element of a text[] is found only by walking there.
_ROWS = """
insert into {table} (
  user_id, id, title, description, completed, priority, tags, due_date, reminder_at, is_recurring,
    recurrence_rule, timezone,
  created_at, updated_at)
select
  'user-' || u,
  md5(u || '/' || k)::uuid,
  (select string_agg(($3::name[])[1 + (random() ^ 2 * 19999)::integer]::text, ' ') from generate_series(1,
    3 + k % 3)),
  case when k % 10 = 7 then {chinese}
    when k % 4 > 0 then (select string_agg(($3::name[])[1 + (random() ^ 2 * 19999)::integer]::text, ' ')
      from generate_series(1, 8 + k % 9)) end,
  k % 5 > 0 and random() < 0.4,
  (array['High', 'Medium', 'Low'])[1 + (random() * 2.99)::integer % 3],
  (select coalesce(array_agg(distinct 'tag' || (random() ^ 2 * 30)::integer), '{{}}') from generate_series(1,
    k % 4)) || ('project' || k / {project}),
  case when k % 5 = 0 or k % 3 > 0 then due end,
  case when k % 5 = 0 then due - interval '1 hour' end,
  k % 5 = 0,
  case when k % 5 = 0 then 'FREQ=WEEKLY;BYDAY=MO' end,
  case when k % 5 = 0 then 'Europe/Berlin' end,
  made,
  made + random() * interval '30 days'
from ({numbers}) as numbers
cross join lateral (
  select
    date_trunc('minute', timestamptz '2026-01-01Z' + (k * 7919 % 525600) * interval '1 minute') as due,
    timestamptz '2024-01-01Z' + random() * interval '700 days' as made
) as times
"""


# What the triggers of Duly would have made of the rows.
_SEARCHED = """
with made as ({insert} returning user_id, id, title, description, tags)
insert into app.search_entries (user_id, id, keys)
select user_id, id, app.search_vector(user_id, title, description, tags) from made
"""
_COUNTED = """
insert into app.task_counts (
  user_id, version, open_high, open_medium, open_low, completed_high, completed_medium, completed_low)
select
  user_id, app.version_of(max(updated_at)),
  count(*) filter (where not completed and priority = 'High'),
  count(*) filter (where not completed and priority = 'Medium'),
  count(*) filter (where not completed and priority = 'Low'),
  count(*) filter (where completed and priority = 'High'),
  count(*) filter (where completed and priority = 'Medium'),
  count(*) filter (where completed and priority = 'Low')
from app.tasks group by 1
"""


@asynccontextmanager
async def without_indexes(url: str, *tables: str) -> AsyncIterator[None]:
    """Drops the tables' indexes, except those of their constraints, and makes them anew at the end."""
    connection = await asyncpg.connect(url)
    indexes = await connection.fetch(
        "select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index "
        "where indrelid = any($1::text[]::regclass[]) and not exists (select from pg_constraint "
        "where conindid = indexrelid)",
        tables,
    )
    for index in indexes:
        await connection.execute(f"drop index {index['name']}")
    yield

    async def make_index(worker: asyncpg.Connection, definition: str) -> None:
        await worker.execute("set maintenance_work_mem = '1GB'")
        await worker.execute(definition)
        progress(f"{tables[0]}: {definition.split()[definition.split().index('INDEX') + 1]}")

    # The longest first, so that none is left for the end.
    await _share(
        url,
        make_index,
        sorted((index["definition"] for index in indexes), key=lambda text: "gin" not in text),
    )
    for table in tables:
        await connection.execute(f"vacuum (analyze) {table}")
    await connection.close()


async def fill(url: str, population: Population) -> None:
    """Fill the empty database of Duly, without its triggers and indexes. Shows how far it is."""
    await _fill(url, _SEARCHED.format(insert=_rows("app.tasks", population)), population,
                "app.tasks", "app.search_entries")  # fmt: skip
    connection = await asyncpg.connect(url)
    await connection.execute(_COUNTED)
    await connection.execute("vacuum (analyze) app.task_counts")
    await connection.close()


async def fill_peer(url: str, population: Population) -> None:
    """Fill the peer's table with the same rows."""
    await _fill(url, _rows("tasks", population), population, "tasks")


def _rows(table: str, population: Population) -> str:
    return _ROWS.format(table=table, numbers=population.numbers_sql(), chinese=_CHINESE, project=PROJECT)


async def _fill(url: str, insert: str, population: Population, *tables: str) -> None:
    done = 0

    async def insert_chunk(worker: asyncpg.Connection, start: int) -> None:
        nonlocal done
        end = min(start + CHUNK, population.rows)
        # Of the session: no trigger runs, as in a logical replica.
        await worker.execute("set session_replication_role = replica")
        # Compiling takes a second and a half for each chunk, and saves none.
        await worker.execute("set jit = off")
        await worker.fetchval("select setseed($1)", start / (population.rows + 1))
        await worker.execute(insert, start, end, words())
        done += end - start
        progress(f"{tables[0]}: {done:,} of {population.rows:,} rows")

    async with without_indexes(url, *tables):
        await _share(url, insert_chunk, range(0, population.rows, CHUNK))
    progress("")


async def _share(
    url: str, work: Callable[[asyncpg.Connection, Job], Awaitable[None]], jobs: Iterable[Job]
) -> None:
    """Do the jobs over a few connections."""
    waiting = list(jobs)

    async def run() -> None:
        connection = await asyncpg.connect(url)
        while waiting:
            await work(connection, waiting.pop(0))
        await connection.close()

    await asyncio.gather(*(run() for _ in range(FILLERS)))


def progress(text: str) -> None:
    """One line that changes, on a terminal; otherwise a line each."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)
