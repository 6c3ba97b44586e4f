"""``victim``: Bob, with something to be stolen. ``twins_http``: where users share their search keys."""

import itertools

import pytest

from app.main import create_app
from app.settings import Settings
from tests.app.attack.victim import make_victim
from tests.client import running
from tests.conftest import SECRET
from tests.sql import Session

_number = itertools.count(1)
# 66 bits of a digest: no two users are known whose scopes are the same, so the twins get one.
_SHARED_SCOPE = """
  create or replace function app.search_scope(user_id text) returns text
  language sql immutable parallel safe
  return case when user_id like 'twin %' then 'twin+twin/+' else left(md5(user_id), 11) end
"""


@pytest.fixture
def victim(client):
    user = f"bob the victim {next(_number)}"
    return make_victim(client(user), user)


@pytest.fixture(scope="session")
def twins_http(server, new_database):
    """The application, where all keys of "twin 1" and "twin 2" in the search index are the same."""
    database = new_database()
    session = Session(server.superuser_url(database))
    session.execute(_SHARED_SCOPE)
    keys = "select app.search_vector($1, 'one word', null, '{tag}')::text"
    assert session.value(keys, "twin 1") == session.value(keys, "twin 2")
    session.close()
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET)
    with running(create_app(settings)) as http:
        yield http
