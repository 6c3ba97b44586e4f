"""The units for systemd, as systemd reads them."""

import re
import shutil
import subprocess

import pytest

from app.dev.project import ROOT

UNITS = sorted((ROOT / "app" / "server" / "systemd").glob("*.service"))


@pytest.fixture(scope="module")
def programs():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")


def verify(folder, changes=()):
    """What systemd says of the units, with programs that are there."""
    for unit in UNITS:
        text = unit.read_text().replace("/opt/duly/bin/duly", "/usr/bin/env")
        for old, new in changes:
            text = text.replace(old, new)
        (folder / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", *folder.glob("*.service")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stderr


def test_systemd_finds_nothing_wrong_with_the_units(programs, tmp_path):
    assert [unit.name for unit in UNITS] == ["duly-worker.service", "duly.service"]
    assert verify(tmp_path) == ""


def test_systemd_would_find_what_is_wrong(programs, tmp_path):
    assert "Unknown key" in verify(tmp_path, [("NoNewPrivileges=", "NoNewPrivilege=")])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_waits_longer_than_the_process_takes_to_end(unit):
    text = unit.read_text()
    default = re.search(r"^#SHUTDOWN_TIMEOUT=(\d+)$", (ROOT / ".env.example").read_text(), re.M)[1]
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.M)[1]) > int(default)
    assert re.search(r"^ExecStart=/opt/duly/bin/duly (serve|worker)$", text, re.M)
