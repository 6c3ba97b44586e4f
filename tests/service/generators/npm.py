"""Programs from npm in fixed versions, installed once into a folder that is kept between runs."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.servers import one_at_a_time

# The newest generators that run on node 20.
PACKAGES = (
    "@hey-api/openapi-ts@0.95.0",
    "@redocly/cli@2.77.0",
    "@stoplight/prism-cli@5.14.2",
    "@stoplight/spectral-cli@6.16.3",
    "openapi-fetch@0.17.0",
    "openapi-typescript@7.13.0",
    "orval@7.13.2",
    "typescript@5.9.3",
)


@cache
def install(packages: tuple[str, ...] = PACKAGES) -> Path:
    """The folder ``node_modules`` with the packages; skips the test where node or the registry is missing."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    digest = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"duly-npm-{os.getuid()}-{digest}"
    with one_at_a_time("npm"), tempfile.TemporaryDirectory(dir=folder.parent) as begun:
        if not folder.is_dir():
            (Path(begun) / "package.json").write_text('{"private": true}')
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
            done = subprocess.run(command, cwd=begun, capture_output=True, text=True, timeout=300)
            if done.returncode:
                pytest.skip(f"the packages can't be installed: {done.stderr[-300:]}")
            # Another run may have been faster.
            with contextlib.suppress(OSError):
                os.rename(begun, folder)
                Path(begun).mkdir()
    return folder / "node_modules"


def run(program: str, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the packages to its end, in a folder that finds the packages too."""
    modules = install()
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(modules)
    return subprocess.run(
        [modules / ".bin" / program, *arguments], cwd=folder, env=environment(folder), capture_output=True,
        text=True, timeout=180
    )  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    """What a program needs to run; nothing is told to anybody."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "NO_COLOR": "1",
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "DO_NOT_TRACK": "1",
    }
