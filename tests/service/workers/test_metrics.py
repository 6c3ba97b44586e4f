"""Metrics of several workers are one: whichever of them is asked."""

import os
import re

import httpx2 as httpx

from tests.client import make_token
from tests.conftest import SECRET
from tests.processes import Service, serve, wait_until


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


def test_memory_and_files_are_those_of_all_workers(settings):
    with Service(settings.database_url, SECRET, WORKERS="2", METRICS="true") as service:

        def measure():
            text = httpx.get(f"{service.address}/metrics").text
            return dict(re.findall(r"^(process_\w+|duly_build_info)\S* (\S+)$", text, re.MULTILINE))

        wait_until(lambda: len(service.workers()) == 2)
        one_worker = min(len(os.listdir(f"/proc/{pid}/fd")) for pid in service.workers())
        # A worker has gauges, and is counted, from its start on.
        wait_until(lambda: float(measure()["process_open_fds"]) >= 2 * one_worker)
        assert measure()["duly_build_info"] == "1.0"
