"""Metrics of several workers are one: whichever of them is asked."""

import re

import httpx2 as httpx

from tests.client import make_token
from tests.conftest import SECRET
from tests.processes import serve


def test_each_worker_tells_the_requests_of_all(settings, alice):
    headers = {"Authorization": f"Bearer {make_token(alice, SECRET)}"}
    with serve(settings.database_url, SECRET, WORKERS="2", METRICS="true") as address:
        for _ in range(30):
            # A connection of its own each time, so that both workers are met.
            assert httpx.get(f"{address}/tasks", headers=headers).status_code == 200
        for _ in range(10):
            text = httpx.get(f"{address}/metrics").text
            counted = re.findall(r'^\w*requests\w*total\{[^}]*"/tasks"[^}]*\} (\S+)$', text, re.MULTILINE)
            assert sum(float(count) for count in counted) == 30, text
