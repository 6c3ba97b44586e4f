"""Packages of npm that the tests of this room use, and a way to talk with a program."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import PATIENCE, environment
from tests.service.generators import npm

PACKAGES = ("rxdb@16.21.1", "rxjs@7.8.2", "eventsource@4.0.0")


class Program:
    """A program of node, with lines of JSON in both directions."""

    def __init__(self, source: Path, folder: Path, *arguments: str) -> None:
        (folder / "node_modules").symlink_to(npm.install(PACKAGES))
        shutil.copy(source, folder)
        self._process = subprocess.Popen(
            ["node", source.name, *arguments], cwd=folder, env=environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)

    def send(self, **command: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def next(self, seconds: float = PATIENCE) -> Any:
        """What it prints next.

        Raises:
            queue.Empty: nothing came for so many seconds.
        """
        return json.loads(self._lines.get(timeout=seconds))

    def ask(self, **command: Any) -> Any:
        self.send(**command)
        return self.next()

    def end(self) -> None:
        self._process.terminate()
        self._reader.join(PATIENCE)
        # Waits for it, and closes what leads to it.
        self._process.communicate(timeout=PATIENCE)


@pytest.fixture
def start(tmp_path) -> Iterator[Any]:
    """``start("rxdb.mjs", address, token)``: a program of this folder."""
    started = []

    def run(name: str, *arguments: str) -> Program:
        started.append(Program(Path(__file__).with_name(name), tmp_path, *arguments))
        return started[-1]

    yield run
    for program in started:
        program.end()
