"""User ids that are hostile, or nearly the same: each is a user of its own, and nothing but a string."""

import itertools
import unicodedata

import pytest

GROUPS = {
    "letter case": ["erin", "Erin", "ERIN", "erın", "erİn", "eri̇n"],
    "white space": ["erin", " erin", "erin ", "  erin", "erin\t", "erin\n", "erin\r\n", "\nerin",
    "erin\u00a0", "erin\u3000", "\ufefferin"],
    "invisible": ["erin", "er\u200bin", "er\u200din", "er\u00adin", "erin\u2060", "\u202eerin", "\u202enire",
    "erin\ufe0f", "erin\u0301"],
    "look-alikes": ["erin", "еrin", "eгin", "ｅｒｉｎ", "𝐞𝐫𝐢𝐧", "erin", "erɪn", "ériп"],
    "normal forms": [unicodedata.normalize(form, "Ǻﬁ①é") for form in ("NFC", "NFD", "NFKC",
    "NFKD")] + ["Ǻﬁ①é"],
    "folding": ["strasse", "straße", "STRASSE", "straẞe", "ﬀ", "ff", "ſ", "s", "σ", "ς", "Σ"],
    "SQL": [
        "' or true --", "' or '1'='1", "'; drop table app.tasks; --", "o'brien", "o''brien", '"', "\\", "\\'",
        "$1", "$$", "%", "_", "*",
        "/* */", "--", ";", "null", "NULL", "default", "current_user", "app.user_id", "task_owner",
        "postgres", "public",
    ],
    "other languages": ["{}", "[]", "{{7*7}}", "${jndi:ldap://x}", "<script>", "../bob", "a,b", "a=b",
    "a\nX-Injected: 1", "0", "-1", "1e999", "true"],
    "lengths": ["🎉" * 255, "🎉" * 254, "🎉" * 254 + "🎊", "x" * 255, "x" * 254, "\U0010ffff" * 255],
    "edges": ["\u0001", "\u007f", "\u0085", "\u2028", "\ufffd", "\uffff", "\ue000", " ", "  ", "\t", ".",
    "\u200b"],
    "UUIDs": ["6f9619ff-8b86-d011-b42d-00cf4fc964ff", "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
    "6f9619ff8b86d011b42d00cf4fc964ff"],
}  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_each_spelling_is_a_user_of_its_own(client, as_superuser, group):
    users = list(dict.fromkeys(GROUPS[group]))
    headers = {"Idempotency-Key": f"the-key-of-all-{group}".replace(" ", "-")}
    body = {"title": "The same for all", "tags": ["all"], "description": "words"}
    made = {}
    for user in users:
        assert client(user).page()["total"] == len(
            [task for task in made.values() if task["user_id"] == user]
        )
        response = client(user).post("/tasks", body, headers=headers)
        assert response.status_code == 201, (user, response.text)
        assert "idempotency-replayed" not in response.headers
        made[user] = response.json()
        assert made[user]["user_id"] == user
        assert as_superuser.column("select user_id from app.tasks where id = $1", made[user]["id"]) == [user]
    for user, other in itertools.product(users, users):
        response = client(user).get(f"/tasks/{made[other]['id']}")
        assert response.status_code == (200 if user == other else 404), (user, other)
    for user, other in zip(users, users[1:] + users[:1], strict=True):
        path = f"/tasks/{made[other]['id']}"
        assert client(user).patch(path, {"title": "Mine"}).status_code == 404
        assert client(user).post(f"{path}/toggle").status_code == 404
        assert client(user).delete(path).status_code == 404
    for user in users:
        for parameters in (
            {},
            {"q": "words"},
            {"tags": "all"},
            {"q": "same", "tags": "all", "sort_by": "title"},
        ):
            page = client(user).page(**parameters)
            assert (page["total"], page["items"]) == (1, [made[user]])
        assert client(user).delete(f"/tasks/{made[user]['id']}").status_code == 204
        assert client(user).page()["total"] == 0


def test_a_cursor_of_one_spelling_is_not_one_of_another(client):
    users = ["erin c", "Erin c", " erin c", "erin c ", "érin c", "e\u0301rin c"]
    for user in users:
        for _ in range(2):
            client(user).create()
    cursors = {user: client(user).page(limit=1)["next_cursor"] for user in users}
    for user, other in itertools.product(users, users):
        status = client(user).get("/tasks", params={"cursor": cursors[other]}).status_code
        assert status == (200 if user == other else 400)


@pytest.mark.parametrize(
    "user", ["", "x" * 256, "🎉" * 256, "a\0b", "\0", None, 5, True, ["erin"], {"sub": "erin"}, "\ud800"],
    ids=lambda user: repr(user)[:12],
)  # fmt: skip
def test_what_is_no_user_is_401(client, user):
    response = client(user).get("/tasks")
    assert (response.status_code, response.json()["type"]) == (401, "/problems/unauthorized")
