"""How functions are written so that the rows can be spread over machines by user: see db/README.md.

Each rule finds, in the body of a function, what Citus refuses or sends to every machine.
"""

import re
from collections.abc import Callable, Iterator

import pytest

OURS = "('app', 'api', 'finder', 'keeper', 'porter')"

# They look for the user, count for all users, or follow a truncate.
WITHOUT_USER = {"porter.find_due", "porter.measure_queue", "porter.open_pass", "keeper.forget_tasks"}
WITHOUT_USER.add("keeper.remove_expired_answers")  # In the branch for a single machine.

_TABLE = re.compile(r"\b(?:from|join|update)\s+app\.(\w+)(?:\s+as\s+(\w+))?", re.IGNORECASE)


def _aliases(body: str, tables: set[str]) -> Iterator[tuple[str, str]]:
    """Each table of users that the body reads or changes, and its alias."""
    for table, alias in _TABLE.findall(body):
        if table in tables:
            yield table, alias


def _changes(body: str) -> list[str]:
    """The statements that update or delete, and what follows on conflict."""
    return re.findall(r"\b(?:update\s+app\.|delete\s+from\s+app\.|on\s+conflict\b)[^;]*", body)


def without_user(body: str, tables: set[str]) -> list[str]:
    return [
        table
        for table, alias in _aliases(body, tables)
        if not alias or not re.search(rf"\b{alias}\.user_id = ", body)
    ]


def copies_rows(body: str, tables: set[str]) -> list[str]:
    return re.findall(r"insert\s+into\s+app\.\w+(?:\s+as\s+\w+)?\s*(?:\([^)]*\))?\s*(?:select|with)\b", body)


def adds_interval_to_column(body: str, tables: set[str]) -> list[str]:
    return [
        found
        for change in _changes(body)
        for _, alias in _aliases(change, tables)
        for found in re.findall(rf"\b{alias}\.\w+ [+-] interval\b", change)
    ]


def chooses_present_time(body: str, tables: set[str]) -> list[str]:
    pattern = r"\b(?:case\b(?:(?!\bend\b).)*|coalesce\([^()]*)(?:\bnow|clock_timestamp)\(\)"
    return [found for change in _changes(body) for found in re.findall(pattern, change, re.DOTALL)]


def formats(body: str, tables: set[str]) -> list[str]:
    return [found for change in _changes(body) for found in re.findall(r"\bformat\(", change)]


def passes_row(body: str, tables: set[str]) -> list[str]:
    names = {alias for _, alias in _aliases(body, tables) if alias} - {"row"}
    if "tg_op" in body:
        names |= {"old", "new"}
    called = re.findall(r"\b(?:app|keeper)\.\w+\(([^()]*)\)", body)
    return [arguments for arguments in called if names & {part.strip() for part in arguments.split(",")}]


def refuses_without_detail(body: str, tables: set[str]) -> list[str]:
    raised = re.findall(r"raise exception[^;]*'DT400'[^;]*", body)
    return [statement for statement in raised if "detail = " not in statement]


Rule = Callable[[str, set[str]], list[str]]

# rule: (what finds it, what to write, bodies that break it)
RULES: dict[str, tuple[Rule, str, list[str]]] = {
    "each query names its user": (
        without_user,
        "from app.tasks as task where task.user_id = v_user",
        [
            "select entry.id from app.search_entries as entry where entry.keys @@ v_query",
            "select id from app.tasks where user_id = v_user",
            "delete from app.idempotency_keys as kept where (kept.user_id, kept.key) in (select 'a', 'b')",
        ],
    ),
    "no rows are copied within the database": (
        copies_rows,
        "a loop that inserts values: Citus checks no policy for insert … select",
        [
            "insert into app.deliveries (webhook_id) select webhook.id from app.webhooks as webhook",
            "insert into app.tasks select * from old_tasks",
        ],
    ),
    "no interval is added to a column in a change": (
        adds_interval_to_column,
        "app.time_of(app.version_of(…) + 1), or a variable that is computed before",
        [
            "update app.webhooks as webhook set updated_at = webhook.updated_at + interval '1 microsecond' "
            "where webhook.user_id = v_user",
        ],
    ),
    "no change chooses between the present time and a value": (
        chooses_present_time,
        "a variable that is computed before",
        [
            "update app.deliveries as delivery set due_at = case when not hold then now() end",
            "update app.webhooks as webhook set failing_since = coalesce(webhook.failing_since, now())",
        ],
    ),
    "no change formats a text": (
        formats,
        "||, or a variable that is computed before",
        ["delete from app.tasks as task where app.etag_matches(if_match, format('\"%s\"', task.version))"],
    ),
    "no row of a table is an argument by its alias": (
        passes_row,
        "row(task.*)::app.tasks, or a variable of that type: on another machine the row has another type",
        [
            "select app.render_task(task) from app.tasks as task where task.user_id = v_user",
            "begin if tg_op = 'INSERT' then perform keeper.count_change(new.user_id, null, new); end if; end",
        ],
    ),
    "each DT400 tells its errors in the detail": (
        refuses_without_detail,
        "detail = …, an array of {loc, msg, type}: column and constraint do not come from another machine",
        ["raise exception using errcode = 'DT400', column = field, constraint = type, message = message;"],
    ),
}


@pytest.fixture
def tables(as_superuser) -> set[str]:
    return set(
        as_superuser.column(
            "select relname from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'"
        )
    )


@pytest.mark.parametrize("rule", RULES)
def test_every_function_can_run_where_the_rows_are(rule, as_superuser, tables):
    find, remedy, _ = RULES[rule]
    bodies = as_superuser.rows(
        "select pronamespace::regnamespace || '.' || proname, "
        "coalesce(pg_get_function_sqlbody(oid), prosrc) from pg_proc "
        f"where pronamespace::regnamespace::text in {OURS}"
    )
    assert len(bodies) > 100
    broken = {name: find(body, tables) for name, body in bodies}
    allowed = WITHOUT_USER if find is without_user else set()
    assert {name for name, found in broken.items() if found} == allowed, f"{rule}. Write: {remedy}"


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_finds_what_cannot(rule, tables):
    find, _, examples = RULES[rule]
    for body in examples:
        assert find(body, tables), body


def test_no_stable_function_reads_a_column_in_a_change(as_superuser, tables):
    stable = set(
        as_superuser.column(
            "select pronamespace::regnamespace || '.' || proname from pg_proc "
            f"where pronamespace::regnamespace::text in {OURS} and provolatile <> 'i'"
        )
    )
    assert "app.render_time" in stable
    bodies = as_superuser.column(
        f"select prosrc from pg_proc where pronamespace::regnamespace::text in {OURS}"
    )
    called = {
        function
        for body in bodies
        for change in _changes(body)
        for _, alias in _aliases(change, tables)
        for function in re.findall(rf"\b((?:app|keeper)\.\w+)\({alias}\.\w+", change)
    }
    assert "app.version_of" in called
    assert not called & stable, "declare it immutable, if it is; or use a variable that is computed before"
