"""Lists and searches whose words, tags, cursors and index keys are those of another user."""

import base64
import json

import pytest

from tests.client import Client, make_token
from tests.conftest import SECRET

# Users whose keys in the search index are the same: see twins_http.
TWINS = ("twin 1", "twin 2")

TASK = {
    "title": "Water the plants",
    "description": "in the garden",
    "tags": ["garden", "green"],
    "priority": "High",
    "due_date": "2031-05-05T09:00:00Z",
}


@pytest.fixture
def twins(twins_http):
    """The clients of two users with one scope, each with the same three tasks, and with no others."""
    clients = [Client(twins_http, make_token(user, SECRET)) for user in TWINS]
    for twin in clients:
        for task in twin.page(limit=100)["items"]:
            twin.delete(f"/tasks/{task['id']}")
        for number in range(3):
            twin.create(**TASK | {"title": f"{TASK['title']} {number}"})
    return clients


FILTERS = [
    {},
    {"q": "plants"},
    {"q": "plant or nothing"},
    {"q": '"water the plants"'},
    {"q": "-nothing"},
    {"q": "pla"},
    {"q": "garden -nothing", "sort_by": "relevance"},
    {"tags": "garden"},
    {"tags": "garden,green", "tags_match": "all"},
    {"q": "water", "tags": "green", "status": "incomplete", "priority": "High"},
    {"due_date_from": "2031-05-05", "due_date_to": "2031-05-05"},
    {"status": "false", "priority": "high,low"},
]


@pytest.mark.parametrize(
    "order",
    [{}, {"sort_by": "title"}, {"sort_by": "due_date", "sort_order": "desc"}, {"sort_by": "priority"}],
)
@pytest.mark.parametrize("parameters", FILTERS)
def test_users_with_the_same_search_keys_find_their_own_tasks_only(twins, parameters, order):
    for twin, user in zip(twins, TWINS, strict=True):
        page = twin.page(**parameters | order)
        assert (page["total"], len(page["items"])) == (3, 3)
        assert {task["user_id"] for task in page["items"]} == {user}
        first = twin.page(**parameters | order, limit=2)
        second = twin.page(cursor=first["next_cursor"])
        assert (first["total"], second["total"], second["next_cursor"]) == (3, 3, None)
        assert [task["id"] for task in first["items"] + second["items"]] == [
            task["id"] for task in page["items"]
        ]


def test_offsets_beyond_ones_own_tasks_lead_to_nobodys(twins):
    for parameters in FILTERS:
        assert twins[0].page(**parameters, offset=3)["items"] == []


def test_another_users_cursor_is_as_good_as_a_forged_one(client, victim, alice):
    client(alice).create()
    answers = []
    for cursor in (victim.names.cursor, victim.names.cursor[:-1] + "_", "nonsense"):
        for more in ("", "&limit=1", "&q=x", f"&q={victim.names.word}"):
            response = client(alice).get(f"/tasks?cursor={cursor}{more}")
            assert response.status_code == 400
            answers.append(json.dumps(response.json()["errors"]))
    assert len(set(answers)) == 1


def test_no_change_of_a_cursor_is_accepted(client, victim):
    """Its own user may not change it either: it would be a way to any parameter that is not checked."""
    cursor = victim.names.cursor
    payload, _, signature = cursor.partition(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def forged(**changes):
        changed = json.dumps(content | changes).encode()
        return base64.urlsafe_b64encode(changed).rstrip(b"=").decode() + "." + signature

    changed = [
        forged(key="' or true --"),
        forged(id="00000000-0000-4000-8000-000000000000"),
        forged(parameters={}),
        forged(parameters={"q": ["' or true --"]}),
        forged(limit=10_000),
        forged(user_id="somebody"),
        payload, signature, "." + signature, payload + ".", payload + "." + signature[:-2], cursor + "A",
        cursor + ".", cursor * 2,
        payload.upper() + "." + signature, payload + "=." + signature, payload + "%0A." + signature, "%00",
        "é", "%27", "x" * 5000,
    ]  # fmt: skip
    for place in range(0, len(cursor), 5):
        other = "B" if cursor[place] == "A" else "A"
        changed.append(cursor[:place] + other + cursor[place + 1 :])
    assert victim.client.get(f"/tasks?cursor={cursor}").status_code == 200
    for text in changed:
        response = victim.client.get(f"/tasks?cursor={text}")
        assert (response.status_code, response.json()["errors"][0]["loc"]) == (400, ["query", "cursor"]), text


def test_a_user_whose_id_goes_on_with_a_line_is_another_user_to_a_cursor(client, alice):
    longer = f"{alice}\nZm9v"
    for user in (alice, longer):
        for _ in range(2):
            client(user).create()
    cursor = client(longer).page(limit=1)["next_cursor"]
    for attempt in (cursor, f"Zm9v\n{cursor}", f"\nZm9v\n{cursor}"):
        response = client(alice).get("/tasks", params={"cursor": attempt})
        assert (response.status_code, response.json()["errors"][0]["type"]) == (400, "cursor_invalid")
    assert client(longer).page(cursor=cursor)["items"][0]["user_id"] == longer


def test_a_links_and_a_heads_answer_are_the_users_own(client, victim, alice):
    for _ in range(3):
        client(alice).create(title=victim.names.word)
    url = f"/tasks?q={victim.names.word}&limit=1&offset=1"
    response, head = client(alice).get(url), client(alice).request("HEAD", url)
    assert response.json()["total"] == 3
    assert head.headers["link"] == response.headers["link"]
    for link in response.headers["link"].split(", "):
        page = client(alice).get(link.partition(">")[0][1:]).json()
        assert {task["user_id"] for task in page["items"]} == {alice}


def test_a_list_has_not_changed_for_alice_when_bob_changes_his(client, victim, alice):
    client(alice).create()
    etag = client(alice).get("/tasks").headers["etag"]
    victim.client.delete(f"/tasks/{victim.names.id}")
    victim.client.create()
    assert client(alice).get("/tasks", headers={"If-None-Match": etag}).status_code == 304
