"""If-None-Match on a change of a task (RFC 9110, section 13.1.2), and changes without a body."""

import uuid

import pytest

CHANGES = {
    "PATCH": ("PATCH", "", {"title": "after"}),
    "PUT": ("PUT", "", {"title": "after"}),
    "DELETE": ("DELETE", "", None),
    "toggle": ("POST", "/toggle", None),
    "set": ("POST", "/toggle", {"completed": True}),
}
changes = pytest.mark.parametrize(("method", "below", "body"), CHANGES.values(), ids=CHANGES)


@pytest.fixture
def made(client, alice):
    return client(alice).post("/tasks", {"title": "before"})


@changes
@pytest.mark.parametrize(
    "condition", ["{tag}", "W/{tag}", '"x", {tag}', '{tag} ,"x"', '"x",W/{tag}', '"x", *']
)
def test_a_change_of_what_if_none_match_names_is_412(client, alice, made, method, below, body, condition):
    path, tag = made.headers["location"], made.headers["etag"]
    headers = {"If-None-Match": condition.format(tag=tag)}
    refused = client(alice).request(method, path + below, json=body, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (412, "/problems/precondition-failed")
    assert client(alice).get(path).content == made.content


@changes
@pytest.mark.parametrize("condition", ["*", " * "])
def test_a_change_under_if_none_match_star_is_412_for_any_task(
    client, alice, made, method, below, body, condition
):
    path = made.headers["location"]
    refused = client(alice).request(method, path + below, json=body, headers={"If-None-Match": condition})
    assert refused.status_code == 412
    assert client(alice).get(path).content == made.content


@changes
@pytest.mark.parametrize("condition", ['"other"', 'W/"1"', "", "nonsense"])
def test_a_change_of_what_if_none_match_does_not_name_is_made(
    client, alice, made, method, below, body, condition
):
    path = made.headers["location"]
    done = client(alice).request(method, path + below, json=body, headers={"If-None-Match": condition})
    assert done.status_code in (200, 204)


@changes
def test_if_match_and_if_none_match_must_both_hold(client, alice, made, method, below, body):
    path, tag = made.headers["location"], made.headers["etag"]
    for headers in (
        {"If-Match": tag, "If-None-Match": tag},
        {"If-Match": '"other"', "If-None-Match": '"another"'},
        {"If-Match": "*", "If-None-Match": "*"},
    ):
        assert client(alice).request(method, path + below, json=body, headers=headers).status_code == 412
    headers = {"If-Match": tag, "If-None-Match": '"other"'}
    assert client(alice).request(method, path + below, json=body, headers=headers).status_code in (200, 204)


@changes
@pytest.mark.parametrize("condition", ["*", '"x"', 'W/"x", "y"'])
def test_if_none_match_on_a_task_that_is_not_there_is_404(client, alice, bob, method, below, body, condition):
    if method == "PUT" and condition == "*":
        pytest.skip("creates the task")
    theirs = client(bob).create()["id"]
    for identifier in (uuid.uuid4(), theirs):
        response = client(alice).request(
            method, f"/tasks/{identifier}{below}", json=body, headers={"If-None-Match": condition}
        )
        assert response.status_code == 404


def test_if_none_match_in_several_lines_is_one_list(http, client, alice, made):
    token = client(alice)._headers["Authorization"]
    lines = [("Authorization", token), ("If-None-Match", '"x"'), ("If-None-Match", made.headers["etag"])]
    assert http.patch(made.headers["location"], json={"title": "after"}, headers=lines).status_code == 412


def test_a_replayed_toggle_does_not_look_at_if_none_match(client, alice, made):
    path = f"{made.headers['location']}/toggle"
    headers = {"Idempotency-Key": "k", "If-None-Match": '"x"'}
    first = client(alice).post(path, headers=headers)
    again = client(alice).post(path, headers=headers | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (200, first.content)


@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json", "text/plain"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_without_a_body_is_400(client, alice, made, method, media_type):
    path = made.headers["location"]
    response = client(alice).request(method, path, content=b"", headers={"Content-Type": media_type})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["loc"], error["type"]) == (400, ["body"], "missing")
    assert client(alice).request(method, path).status_code == 400
    assert client(alice).get(path).content == made.content


def test_a_task_under_an_id_of_ones_own_needs_a_body(client, alice):
    path = f"/tasks/{uuid.uuid4()}"
    response = client(alice).request("PUT", path, headers={"If-None-Match": "*"})
    assert (response.status_code, client(alice).get(path).status_code) == (400, 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("content", [b" ", b"\n\n", b"null", b"[]", b'""', b"0"])
def test_a_body_that_is_no_object_is_400(client, alice, made, method, content):
    headers = {"Content-Type": "application/json"}
    response = client(alice).request(method, made.headers["location"], content=content, headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_empty_object_changes_nothing(client, alice, made, method):
    response = client(alice).request(method, made.headers["location"], json={})
    assert (response.status_code, response.content) == (200, made.content)
    assert response.headers["etag"] == made.headers["etag"]
