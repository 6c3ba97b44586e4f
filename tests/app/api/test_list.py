"""The list: filters, search, order, pages, totals."""

from itertools import pairwise

import pytest

TASKS = [
    {
        "title": "Buy groceries",
        "priority": "High",
        "tags": ["home", "shop"],
        "due_date": "2026-03-01T10:00:00Z",
    },
    {
        "title": "call the Dentist",
        "description": "about the café appointment",
        "tags": ["health"],
        "due_date": "2026-03-02T00:00:00Z",
    },
    {"title": "Écrire", "priority": "Low", "tags": ["home"], "due_date": "2026-03-02T23:59:59.5Z"},
    {"title": "To do", "description": "groceries, and meeting notes", "priority": "High", "completed": True},
    {
        "title": "don't panic",
        "priority": "Low",
        "tags": ["home", "health"],
        "completed": True,
        "due_date": "2025-01-01",
    },
    {"title": "買い物に行く", "tags": ["100%"]},
]


@pytest.fixture
def alices(client, alice):
    """Alice's client, with the tasks above, in their order of making."""
    her = client(alice)
    for task in TASKS:
        her.create(**task)
    return her


TITLES = [task["title"] for task in TASKS]


def titles_of(*numbers):
    return sorted(TITLES[number] for number in numbers)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, (0, 1, 2, 3, 4, 5)),
        ({"status": "true"}, (3, 4)),
        ({"status": "completed"}, (3, 4)),
        ({"status": "Complete"}, (3, 4)),
        ({"status": "false"}, (0, 1, 2, 5)),
        ({"status": "incomplete"}, (0, 1, 2, 5)),
        ({"status": ""}, (0, 1, 2, 3, 4, 5)),
        ({"priority": "high"}, (0, 3)),
        ({"priority": "High,LOW"}, (0, 2, 3, 4)),
        ({"tags": "home"}, (0, 2, 4)),
        ({"tags": "shop,health"}, (0, 1, 4)),
        ({"tags": ["shop", "health"]}, (0, 1, 4)),
        ({"tags": "home,health", "tags_match": "all"}, (4,)),
        ({"tags": "100%"}, (5,)),
        ({"tags": "nothing"}, ()),
        ({"due_date_from": "2026-03-02"}, (1, 2)),
        ({"due_date_from": "2026-03-01T10:00:00Z", "due_date_to": "2026-03-02T00:00:00Z"}, (0, 1)),
        ({"due_date_to": "2026-03-02"}, (0, 1, 2, 4)),
        ({"due_date_to": "2026-03-01T09:59:59Z"}, (4,)),
        ({"due_date_from": "2027-01-01"}, ()),
        ({"q": "groc"}, (0, 3)),
        ({"q": "GROCERY"}, (0, 3)),
        ({"q": "cafe"}, (1,)),
        ({"q": "ecrire"}, (2,)),
        ({"q": "to do"}, (3,)),
        ({"q": '"to do"'}, (3,)),
        ({"q": "meetings"}, (3,)),
        ({"q": "don't"}, (4,)),
        ({"q": "dont"}, (4,)),
        ({"q": "groceries -buy"}, (3,)),
        ({"q": "-groceries"}, (1, 2, 4, 5)),
        ({"q": "dentist or panic"}, (1, 4)),
        ({"q": '"groceries buy"'}, ()),
        ({"q": "買い物"}, (5,)),
        ({"q": "行く"}, (5,)),
        ({"q": "買行"}, ()),
        ({"q": "a & | ! ( : *"}, ()),
        ({"q": '""'}, ()),
        ({"q": "🎉"}, ()),
        ({"q": " "}, (0, 1, 2, 3, 4, 5)),
        (
            {
                "q": "groceries",
                "status": "false",
                "priority": "High",
                "tags": "home",
                "due_date_from": "2026-01-01",
            },
            (0,),
        ),
        ({"q": "groceries", "status": "true", "tags": "home"}, ()),
        ({"status": "false", "priority": "Medium", "due_date_to": "2026-12-31"}, (1,)),
    ],
)
def test_each_filter_alone_and_combined(alices, parameters, expected):
    found = alices.page(**parameters)
    assert (sorted(task["title"] for task in found["items"]), found["total"]) == (
        titles_of(*expected),
        len(expected),
    )


@pytest.mark.parametrize(
    ("sort_by", "ascending"),
    [
        ("created_at", (0, 1, 2, 3, 4, 5)),
        ("updated_at", (0, 1, 2, 3, 4, 5)),
        ("title", (0, 1, 4, 3, 2, 5)),
        ("due_date", (4, 0, 1, 2)),
    ],
)
def test_each_order_both_ways(alices, sort_by, ascending):
    expected = [TITLES[number] for number in ascending]
    assert alices.titles(sort_by=sort_by, sort_order="asc")[: len(expected)] == expected
    assert alices.titles(sort_by=sort_by, sort_order="desc")[: len(expected)] == expected[::-1]


def test_high_priority_comes_first(alices):
    for query in ({}, {"q": "-nothing"}):
        assert [task["priority"] for task in alices.page(sort_by="priority", **query)["items"]] == [
            "High"
        ] * 2 + ["Medium"] * 2 + ["Low"] * 2
        assert [task["priority"] for task in alices.page(sort_by="priority", sort_order="desc",
        **query)["items"]] == [
            "Low", "Low", "Medium", "Medium", "High", "High",
        ]  # fmt: skip


def test_tasks_without_a_due_date_come_last_in_both_directions(alices):
    for order in ("asc", "desc"):
        for query in ({}, {"q": "-nothing"}):
            assert set(alices.titles(sort_by="due_date", sort_order=order, **query)[-2:]) == {
                TITLES[3],
                TITLES[5],
            }


def test_newest_first_is_the_order_without_sort_by(alices):
    assert alices.titles() == TITLES[::-1]


def test_a_match_in_the_title_comes_before_one_in_the_description(alices):
    assert alices.titles(q="groceries") == ["Buy groceries", "To do"]
    assert alices.titles(q="groceries", sort_by="relevance", sort_order="asc") == ["To do", "Buy groceries"]


def test_ties_are_settled_by_id(client, alice):
    for _ in range(5):
        client(alice).create(due_date="2026-01-01", priority="Low")
    for sort_by in ("title", "due_date"):
        ids = [task["id"] for task in client(alice).page(sort_by=sort_by)["items"]]
        assert ids == sorted(ids)
        assert [
            task["id"] for task in client(alice).page(sort_by=sort_by, sort_order="desc")["items"]
        ] == ids[::-1]


@pytest.mark.parametrize("filters", [{}, {"q": "task"}, {"due_date_to": "2030-01-01"}])
def test_ties_of_a_priority_are_settled_by_created_at(client, as_superuser, alice, filters):
    me = client(alice)
    made = [
        me.create(priority=priority, due_date="2026-01-01")["id"]
        for priority in ("low", "high", "medium", "low", "high", "medium", "high")
    ]
    # Two that were created at one moment are ordered by id.
    as_superuser.execute(
        "update app.tasks as task set created_at = other.created_at from app.tasks as other"
        " where task.id = $2::uuid and other.id = $1::uuid",
        made[1],
        made[6],
    )
    first, second = sorted((made[1], made[6]))
    expected = [first, second, made[4], made[2], made[5], made[0], made[3]]
    for order, ids in (("asc", expected), ("desc", expected[::-1])):
        parameters = {"sort_by": "priority", "sort_order": order, **filters}
        assert [task["id"] for task in me.page(**parameters)["items"]] == ids
        walked, page = [], me.page(limit=2, **parameters)
        while True:
            walked += [task["id"] for task in page["items"]]
            if page["next_cursor"] is None:
                break
            page = me.page(cursor=page["next_cursor"])
        assert walked == ids


def test_limit_and_offset_take_a_page(alices):
    page = alices.page(limit=2, offset=3)
    assert [task["title"] for task in page["items"]] == TITLES[::-1][3:5]
    assert (page["limit"], page["offset"], page["total"]) == (2, 3, 6)
    assert alices.page(offset=100)["items"] == []
    assert len(alices.page(limit=100)["items"]) == 6


def test_an_empty_list_is_200(client, bob):
    assert client(bob).page() == {"items": [], "total": 0, "limit": 50, "offset": 0, "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("limit=0", "number_range"), ("limit=101", "number_range"), ("limit=x", "number_range"),
        ("limit=-1", "number_range"),
        ("offset=-1", "number_range"), ("offset=99999999999", "number_range"), ("status=maybe", "enum"),
        ("priority=urgent", "enum"),
        ("priority=High,", "enum"), ("sort_by=color", "enum"), ("sort_order=up", "enum"),
        ("sort_by=relevance", "relevance_without_q"), ("tags_match=some", "enum"),
        ("due_date_from=soon", "datetime_format"), ("due_date_to=2026-02-30", "datetime_format"),
        ("page=2", "unknown_parameter"),
        ("limit=1&limit=2", "repeated_parameter"), ("q=" + "x" * 2001, "string_length"),
        ("tags=" + "x" * 51, "string_length"),
        ("q=%00", "null_character"), ("q=%ff", "encoding"), ("cursor=x", "cursor_invalid"),
    ],
)  # fmt: skip
def test_a_parameter_out_of_range_is_a_400_and_never_clamped(client, alice, query, kind):
    response = client(alice).get(f"/tasks?{query}")
    assert response.status_code == 400, response.text
    assert [fault["type"] for fault in response.json()["errors"]] == [kind]


def test_all_faults_of_a_query_are_told_at_once(client, alice):
    errors = client(alice).get("/tasks?limit=0&status=x&foo=1").json()["errors"]
    assert sorted(error["loc"][1] for error in errors) == ["foo", "limit", "status"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("tags[]", "tags"), ("tags[0]", "tags"), ("tag", "tags"), ("tag[]", "tags"), ("Tags", "tags"),
        ("priority[]", "priority"),
        ("sort", "sort_by"), ("sortBy", "sort_by"), ("limits", "limit"), ("due_date_form", "due_date_from"),
        ("due-date-to", "due_date_to"),
        ("cursors", "cursor"),
    ],
)  # fmt: skip
def test_an_unknown_parameter_names_the_one_that_was_probably_meant(client, alice, name, meant):
    response = client(alice).get("/tasks", params={name: "home"})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {
            "loc": ["query", name],
            "msg": f"is not a parameter here; did you mean {meant}?",
            "type": "unknown_parameter",
        }
    ]


@pytest.mark.parametrize("name", ["page", "xyz", "[]", "日本", "x" * 5000])
def test_an_unknown_parameter_near_to_none_names_them_all(client, alice, name):
    [error] = client(alice).get("/tasks", params={name: "home"}).json()["errors"]
    assert error["msg"].startswith("is not a parameter here; the parameters are q, status, priority, tags, ")


def test_noise_of_2000_characters_gives_an_answer(client, alice):
    for noise in (
        "w\" -x |&'" * 222,
        "(" * 2000,
        "a " * 1000,
        '"' * 1999,
        "- " * 1000,
        "日" * 2000,
        "x" * 2000,
    ):
        assert client(alice).get("/tasks", params={"q": noise}).status_code == 200


ORDERS = [
    {"sort_by": sort_by, "sort_order": order}
    for sort_by in ("created_at", "updated_at", "title", "due_date", "priority", "relevance")
    for order in ("asc", "desc")
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(order.values()))
@pytest.mark.parametrize(
    "search", [{}, {"q": "task"}, {"tags": "t", "status": "false"}], ids=["all", "q", "tags"]
)
def test_a_cursor_goes_through_every_order_and_back(client, alice, order, search):
    if order["sort_by"] == "relevance" and "q" not in search:
        pytest.skip("relevance is an order of searches")
    for number in range(7):
        client(alice).create(
            title=f"Task {number // 2}",
            tags=["t"],
            due_date=None if number % 3 else f"2026-01-0{1 + number // 4}",
            priority=["low", "high"][number % 2],
        )
    everything = [task["id"] for task in client(alice).page(**search, **order)["items"]]
    assert len(everything) == 7
    first = client(alice).get("/tasks", params={**search, **order, "limit": 2})
    pages = [first]
    while cursor := pages[-1].json()["next_cursor"]:
        pages.append(client(alice).get("/tasks", params={"cursor": cursor}))
    assert [task["id"] for page in pages for task in page.json()["items"]] == everything
    assert all(page.json()["total"] == 7 and page.json()["limit"] == 2 for page in pages)
    # Backwards, by the Link headers.
    for earlier, later in pairwise(pages):
        previous = client(alice).get(later.links["prev"]["url"])
        assert [task["id"] for task in previous.json()["items"]] == [
            task["id"] for task in earlier.json()["items"]
        ]
        assert client(alice).get(previous.links["next"]["url"]).json()["items"] == later.json()["items"]


def test_a_cursor_stays_right_while_tasks_come_and_go(client, alice):
    her = client(alice)
    made = [her.create(title=f"{number:02}") for number in range(10)]
    page = her.page(sort_by="title", limit=3)
    seen = [task["title"] for task in page["items"]]
    her.delete(f"/tasks/{made[2]['id']}")
    her.delete(f"/tasks/{made[3]['id']}")
    her.create(title="00 new, before the cursor")
    her.create(title="05 new, after it")
    while page["next_cursor"]:
        page = her.page(cursor=page["next_cursor"])
        seen += [task["title"] for task in page["items"]]
    assert seen == ["00", "01", "02", "04", "05", "05 new, after it", "06", "07", "08", "09"]


def test_a_cursor_is_bound_to_its_user_and_its_filters(client, alice, bob):
    for user in (alice, bob):
        for _ in range(3):
            client(user).create()
    cursor = client(alice).page(limit=1, status="false")["next_cursor"]
    payload, _, signature = cursor.partition(".")
    for stranger, parameters, kind in (
        (bob, {"cursor": cursor}, "cursor_invalid"),
        (alice, {"cursor": payload}, "cursor_invalid"),
        (alice, {"cursor": f"{payload}x.{signature}"}, "cursor_invalid"),
        (alice, {"cursor": cursor, "status": "true"}, "cursor_mismatch"),
        (alice, {"cursor": cursor, "offset": "1"}, "cursor_mismatch"),
    ):
        response = client(stranger).get("/tasks", params=parameters)
        assert (response.status_code, response.json()["errors"][0]["type"]) == (400, kind)
    assert (
        client(alice).get("/tasks", params={"cursor": cursor, "status": "false", "limit": 2}).status_code
        == 200
    )


def test_links_name_next_prev_and_first(alices):
    response = alices.get("/tasks?tags=home&limit=1&offset=1")
    assert {rel: link["url"] for rel, link in response.links.items()} == {
        "next": "/tasks?tags=home&limit=1&offset=2",
        "prev": "/tasks?tags=home&limit=1&offset=0",
        "first": "/tasks?tags=home&limit=1",
    }


def test_an_unchanged_list_is_304(alices):
    etag = alices.get("/tasks").headers["etag"]
    unchanged = alices.get("/tasks", headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", etag)
    alices.create()
    assert alices.get("/tasks", headers={"If-None-Match": etag}).status_code == 200


def test_near_spellings_are_tried_where_nothing_matches(alices):
    response = alices.get("/tasks", params={"q": "grocreies"})
    assert [task["title"] for task in response.json()["items"]] == ["Buy groceries", "To do"]
    assert response.headers["search-suggestion"] == "groceries"
    response = alices.get("/tasks", params={"q": "buy grocreies", "limit": 1})
    assert ([task["title"] for task in response.json()["items"]], response.headers["search-suggestion"]) == (
        ["Buy groceries"],
        "buy%20groceries",
    )
    assert "search-suggestion" not in alices.get("/tasks", params={"q": "groceries"}).headers


def test_a_near_spelling_is_never_another_users_word(alices, client, bob):
    client(bob).create(title="Something else")
    response = client(bob).get("/tasks", params={"q": "grocreies"})
    assert (response.json()["total"], "search-suggestion" in response.headers) == (0, False)
