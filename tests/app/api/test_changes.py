"""GET /changes: everything from the beginning, then only what is new, by an opaque token."""

import pytest


def pull(client, **parameters):
    response = client.get("/changes", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def ids(tasks):
    return [task["id"] for task in tasks]


def test_without_a_token_everything_is_told_as_get_tells_it(client, alice):
    made = [client(alice).create(title=title) for title in ("one", "two", "three")]
    page = pull(client(alice))
    assert page["changed"] == made
    assert (page["deleted"], page["has_more"]) == ([], False)


def test_a_user_without_tasks_has_an_empty_answer_and_a_token(client, alice):
    page = pull(client(alice))
    assert (page["changed"], page["deleted"], page["has_more"]) == ([], [], False)
    task = client(alice).create()
    assert pull(client(alice), since=page["next"])["changed"] == [task]


def test_since_a_token_only_what_changed_or_went_is_told(client, alice):
    me = client(alice)
    kept, changed, gone = (me.create(title=title) for title in ("kept", "changed", "gone"))
    since = pull(me)["next"]
    changed = me.patch(f"/tasks/{changed['id']}", {"priority": "high"}).json()
    me.delete(f"/tasks/{gone['id']}")
    page = pull(me, since=since)
    assert page["changed"] == [changed]
    assert page["deleted"] == [gone["id"]]
    assert kept["id"] not in ids(page["changed"])
    again = pull(me, since=page["next"])
    assert again == {"changed": [], "deleted": [], "next": page["next"], "has_more": False}


def test_a_task_that_was_deleted_and_made_again_is_only_in_changed(client, alice):
    me = client(alice)
    task = me.create()
    since = pull(me)["next"]
    me.delete(f"/tasks/{task['id']}")
    me.put(f"/tasks/{task['id']}", {"title": "again"}, headers={"If-None-Match": "*"})
    page = pull(me, since=since)
    assert [(each["id"], each["title"]) for each in page["changed"]] == [(task["id"], "again")]
    assert page["deleted"] == []


def test_completing_a_recurring_task_tells_it_and_its_successor(client, alice):
    me = client(alice)
    rule = {"is_recurring": True, "recurrence_rule": "FREQ=DAILY", "due_date": "2026-01-10T09:00:00Z"}
    task = me.create(**rule)
    since = pull(me)["next"]
    done = me.post(f"/tasks/{task['id']}/toggle").json()
    page = pull(me, since=since)
    assert page["changed"] == [done["task"], done["new_task"]]
    me.post(f"/tasks/{task['id']}/toggle")
    assert pull(me, since=page["next"])["deleted"] == [done["new_task"]["id"]]


def test_a_change_that_changes_nothing_is_no_change(client, alice):
    me = client(alice)
    task = me.create()
    since = pull(me)["next"]
    me.patch(f"/tasks/{task['id']}", {"title": task["title"]})
    assert pull(me, since=since)["next"] == since


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_of_any_size_tell_each_task_and_each_deletion_once(client, alice, limit):
    me = client(alice)
    made = [me.create(title=f"Task {number}") for number in range(7)]
    token = pull(me)["next"]
    for task in made[:4]:
        me.delete(f"/tasks/{task['id']}")
        me.patch(f"/tasks/{made[6]['id']}", {"title": f"without {task['id']}"})
    me.patch(f"/tasks/{made[5]['id']}", {"title": "changed"})
    changed, deleted, more = [], [], True
    while more:
        page = pull(me, since=token, limit=limit)
        changed += ids(page["changed"])
        deleted += page["deleted"]
        token, more = page["next"], page["has_more"]
    assert changed == [made[6]["id"], made[5]["id"]]
    assert sorted(deleted) == sorted(ids(made[:4]))


def test_a_first_walk_tells_no_deletion_from_before_it_began(client, alice):
    me = client(alice)
    made = [me.create(title=f"Task {number}") for number in range(4)]
    me.delete(f"/tasks/{made[0]['id']}")
    page = pull(me, limit=2)
    assert (ids(page["changed"]), page["deleted"], page["has_more"]) == (ids(made[1:3]), [], True)
    me.delete(f"/tasks/{made[1]['id']}")
    rest = pull(me, since=page["next"], limit=2)
    assert ids(rest["changed"]) == [made[3]["id"]]
    assert rest["deleted"] == [made[1]["id"]]


def test_nothing_new_is_304_with_the_etag_of_the_answer_before(client, alice):
    me = client(alice)
    me.create()
    first = me.get("/changes")
    since = first.json()["next"]
    assert first.headers["etag"] == f'W/"{since}"'
    nothing = me.get("/changes", params={"since": since}, headers={"If-None-Match": first.headers["etag"]})
    assert (nothing.status_code, nothing.content) == (304, b"")
    me.create()
    assert (
        me.get(
            "/changes", params={"since": since}, headers={"If-None-Match": first.headers["etag"]}
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    "since", ["x", "0", "3f2a91c0", "3f2a91c0-", "3f2a91c0-x", "3f2a91c0-1-", "3f2a91c0-1-2-3", "-1",
    "3f2a91c0-1 x", "3F2A91C0-1", "3f2a91cg-1", "3f2a91c0-9999999999999999999", "3f2a91c0--1", "3f2a91c0-1-x",
    "3f2a91c0-\u0661", "3f2a91c\u0660-1", "'; drop table app.tasks"],
)  # fmt: skip
def test_a_text_that_is_no_token_is_400(client, alice, since):
    response = client(alice).get("/changes", params={"since": f" {since}"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["type"] == "since_invalid"


def test_a_token_of_another_history_or_of_the_future_is_410(client, alice):
    me = client(alice)
    me.create()
    epoch, number = pull(me)["next"].split("-")
    other = f"{(int(epoch, 16) + 1) % 16**8:08x}"
    for since in (f"{other}-{number}", f"{epoch}-{int(number) + 1}", f"{epoch}-{number}-{int(number) + 1}"):
        response = me.get("/changes", params={"since": since})
        assert (response.status_code, response.json()["type"]) == (410, "/problems/resync-required")


@pytest.mark.parametrize(
    ("parameters", "types"),
    [
        ({"limit": "0"}, ["number_range"]),
        ({"limit": "501"}, ["number_range"]),
        ({"limit": "ten"}, ["number_range"]),
        ({"offset": "1"}, ["unknown_parameter"]),
        ({"cursor": "x", "limit": "-1"}, ["unknown_parameter", "number_range"]),
        ({"since": ["a", "b"]}, ["repeated_parameter"]),
    ],
)
def test_bad_parameters_are_told_all_at_once(client, alice, parameters, types):
    response = client(alice).get("/changes", params=parameters)
    assert response.status_code == 400
    assert [error["type"] for error in response.json()["errors"]] == types


def test_another_users_changes_and_token_tell_nothing_of_theirs(client, alice, bob):
    theirs = client(bob).create(title="secret")
    client(bob).delete(f"/tasks/{client(bob).create()['id']}")
    token = pull(client(bob))["next"]
    mine = client(alice).create()
    for parameters in ({}, {"since": token}, {"limit": 1}):
        response = client(alice).get("/changes", params=parameters)
        assert response.status_code in (200, 410)
        assert theirs["id"] not in response.text
        if response.status_code == 200:
            assert set(ids(response.json()["changed"])) <= {mine["id"]}
            assert response.json()["deleted"] == []


def test_a_token_is_needed(http):
    assert http.get("/changes").status_code == 401


def test_head_is_get_without_the_body(client, alice):
    client(alice).create()
    head = client(alice).request("HEAD", "/changes")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == client(alice).get("/changes").headers["etag"]


@pytest.mark.parametrize(
    "preference", ["handling=lenient", "handling=strict", "return=minimal", "x", "=;,", "handling=lenient,x"]
)
def test_preferences_change_nothing_of_an_answer(client, alice, preference):
    me = client(alice)
    me.create()
    plain = me.get("/changes")
    preferred = me.get("/changes", headers={"Prefer": preference})
    assert (preferred.status_code, preferred.content) == (200, plain.content)
    # What a search knows is no reason to take what is unknown.
    assert me.get("/changes?x=1", headers={"Prefer": "handling=strict"}).status_code == 400
