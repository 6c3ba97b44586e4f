"""``victim``: Bob, with something to be stolen."""

import itertools

import pytest

from tests.app.attack.victim import make_victim

_number = itertools.count(1)


@pytest.fixture
def victim(client):
    user = f"bob the victim {next(_number)}"
    return make_victim(client(user), user)
