"""Parameters beside a cursor: those that agree with it, or are the defaults, are taken; others are 400."""

import pytest

CARRIED = {
    "status": "incomplete", "priority": "High,Low", "tags": "a,b", "tags_match": "all", "sort_by": "title",
    "sort_order": "desc", "due_date_from": "2026-01-01", "due_date_to": "2026-01-31", "q": "task",
}  # fmt: skip


def page(client, user, **parameters):
    return client(user).get("/tasks", params=parameters)


@pytest.fixture
def cursor_of(client, alice):
    """``cursor_of(status=…)``: the cursor behind the first of alice's three tasks, for these parameters."""
    for number in range(3):
        client(alice).create(title=f"Task {number}", priority="High", tags=["a", "b"], due_date="2026-01-10")

    def make(**parameters):
        response = page(client, alice, **parameters, limit=1)
        assert response.status_code == 200, response.text
        return response.json()["next_cursor"]

    return make


AGREES = {
    "all of it": (CARRIED, CARRIED),
    "another spelling": (
        CARRIED,
        {"status": "FALSE", "priority": "low,high", "tags": "b,a", "tags_match": "ALL", "sort_by": "TITLE",
         "sort_order": "DESC", "due_date_from": "2026-01-01T01:00:00+01:00", "q": " task "},
    ),
    "repeated": (CARRIED, {"tags": ["b", "a"], "priority": ["Low", "High"]}),
    "a part of it": (CARRIED, {"status": "false"}),
    "all defaults": (
        {},
        {"offset": "0", "sort_by": "created_at", "sort_order": "desc", "tags_match": "any",
         "priority": "High,Medium,Low", "limit": "2"},
    ),
    "defaults beside others": (
        CARRIED,
        {"offset": "00", "tags_match": "any", "sort_order": "asc", "priority": "low,medium,high"},
    ),
    "the default order of q": ({"q": "task"}, {"q": "task", "sort_by": "relevance", "sort_order": "desc"}),
    "the default order": ({"sort_by": "due_date"}, {"sort_by": "created_at", "sort_order": "asc"}),
    "empty ones": (CARRIED, {"status": "", "q": "", "tags": "", "priority": " ", "limit": "", "offset": ""}),
    "another limit": (CARRIED, {"limit": "100"}),
}  # fmt: skip


@pytest.mark.parametrize(("carried", "beside"), AGREES.values(), ids=AGREES)
def test_a_parameter_that_agrees_or_is_the_default_is_taken(client, alice, cursor_of, carried, beside):
    cursor = cursor_of(**carried)
    alone = page(client, alice, cursor=cursor).json()
    response = page(client, alice, cursor=cursor, **beside)
    assert response.status_code == 200, response.text
    found = response.json()
    assert (found["items"][:1], found["total"]) == (alone["items"], 3)
    assert len(found["items"]) == (2 if beside.get("limit") else 1)


DIFFERS = {
    "status": ({}, {"status": "true"}),
    "the other status": ({"status": "false"}, {"status": "complete"}),
    "priority": ({"priority": "high"}, {"priority": "high,low"}),
    "fewer priorities": ({"priority": "high,low"}, {"priority": "high"}),
    "tags": ({}, {"tags": "a"}),
    "fewer tags": ({"tags": "a,b"}, {"tags": "a"}),
    "more tags": ({"tags": "a"}, {"tags": "a,b"}),
    "tags_match": ({"tags": "a,b"}, {"tags_match": "all"}),
    "q": ({}, {"q": "task"}),
    "another q": ({"q": "task"}, {"q": "tasks"}),
    "due_date_from": ({}, {"due_date_from": "2020-01-01"}),
    "due_date_to": ({"due_date_to": "2026-02-01"}, {"due_date_to": "2026-02-02"}),
    "sort_by": ({}, {"sort_by": "title"}),
    "another sort_by": ({"sort_by": "due_date"}, {"sort_by": "title"}),
    "created_at beside q": ({"q": "task"}, {"sort_by": "created_at"}),
    "sort_order": ({}, {"sort_order": "asc"}),
    "descending": ({"sort_by": "title"}, {"sort_order": "desc"}),
    "offset": ({}, {"offset": "1"}),
}


@pytest.mark.parametrize(("carried", "beside"), DIFFERS.values(), ids=DIFFERS)
def test_a_parameter_that_differs_is_400_and_is_named(client, alice, cursor_of, carried, beside):
    response = page(client, alice, cursor=cursor_of(**carried), **beside)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["type"], error["loc"]) == (
        400,
        "cursor_mismatch",
        ["query", "cursor"],
    )
    assert next(iter(beside)) in error["msg"]


@pytest.mark.parametrize(
    ("beside", "type"),
    [({"color": "red"}, "unknown_parameter"), ({"status": "maybe"}, "enum"),
     ({"offset": "-1"}, "number_range"), ({"limit": "0"}, "number_range"),
     ({"limit": "101"}, "number_range")],
)  # fmt: skip
def test_a_parameter_that_is_not_valid_is_told_as_ever(client, alice, cursor_of, beside, type):
    response = page(client, alice, cursor=cursor_of(), **beside)
    assert (response.status_code, response.json()["errors"][0]["type"]) == (400, type)


def test_two_cursors_are_refused(client, alice, cursor_of):
    response = page(client, alice, cursor=[cursor_of(), cursor_of()])
    assert response.json()["errors"][0]["type"] == "repeated_parameter"


def test_a_cursor_of_a_suggestion_goes_with_what_was_typed(client, alice):
    for number in range(3):
        client(alice).create(title=f"groceries {number}")
    first = page(client, alice, q="grocries", limit=1)
    assert first.headers["search-suggestion"] == "groceries"
    cursor = first.json()["next_cursor"]
    seen = []
    while cursor:
        response = page(client, alice, q="grocries", limit=1, cursor=cursor)
        assert response.status_code == 200, response.text
        seen += response.json()["items"]
        cursor = response.json()["next_cursor"]
    assert len(seen) == 2
    again = page(client, alice, q="groceries", cursor=first.json()["next_cursor"])
    assert (
        again.status_code,
        page(client, alice, q="x", cursor=first.json()["next_cursor"]).status_code,
    ) == (
        200,
        400,
    )
