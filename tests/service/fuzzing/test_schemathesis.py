"""schemathesis, with all of its checks, against the service as it runs in production."""

import subprocess
import sys
from pathlib import Path

from app.dev.project import ROOT
from tests.client import make_token

_PROGRAM = Path(sys.executable).parent / "schemathesis"


def test_schemathesis_finds_no_failure(service, secret, alice, tmp_path):
    arguments = [
        _PROGRAM, "run", f"{service}/openapi.json", "--header",
        f"Authorization: Bearer {make_token(alice, secret)}",
        "--checks", "all", "--continue-on-failure", "--max-examples", "15", "--max-time", "30", "--workers",
        "2", "--seed", "6", "--no-color",
        # PostgreSQL's text can't hold U+0000: it is refused everywhere, which no schema says.
        "--generation-allow-x00", "false", "--generation-database", "none",
    ]  # fmt: skip
    environment = {
        "SCHEMATHESIS_HOOKS": "tests.service.fuzzing.hooks",
        "PYTHONPATH": str(ROOT),
        "PATH": "",
    }
    run = subprocess.run(
        arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
