"""The clients that the usual generators make of the document compile without a complaint, and work."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.client import make_token
from tests.service.generators import npm

HERE = Path(__file__).parent
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "noEmitOnError": True,
        "target": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        # Generated code has relative imports without an extension, which node follows in CommonJS.
        "module": "commonjs",
        "moduleResolution": "node10",
        "esModuleInterop": True,
        "outDir": "out",
    }
}
# The client itself is the generator's, the same for every document.
MYPY = """
[mypy]
strict = true
[mypy-duly_client.client]
disable_error_code = arg-type
"""


@pytest.fixture
def folder(service, tmp_path) -> Path:
    """A folder with the document of the service in it."""
    (tmp_path / "openapi.json").write_bytes(httpx.get(f"{service}/openapi.json").content)
    return tmp_path


def succeed(done: subprocess.CompletedProcess[str]) -> str:
    """What a program that succeeded has written."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def compile_and_run(story: str, folder: Path, *arguments: str) -> None:
    shutil.copy(HERE / story, folder)
    (folder / "tsconfig.json").write_text(json.dumps(TSCONFIG | {"files": [story]}))
    succeed(npm.run("tsc", folder=folder))
    program = ["node", f"out/{Path(story).stem}.js", *arguments]
    succeed(subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=60))


def test_openapi_typescript_and_openapi_fetch(service, secret, alice, folder):
    succeed(npm.run("openapi-typescript", "openapi.json", "--output", "schema.d.ts", folder=folder))
    compile_and_run("openapi_fetch.ts", folder, service, make_token(alice, secret))


def test_hey_api_openapi_ts(service, secret, alice, folder):
    succeed(npm.run("openapi-ts", "--input", "openapi.json", "--output", "client", folder=folder))
    compile_and_run("hey_api.ts", folder, service, make_token(alice, secret))


def test_orval(service, secret, alice, folder):
    output = f"{{ target: 'client.ts', client: 'fetch', baseUrl: '{service}' }}"
    (folder / "orval.config.cjs").write_text(
        f"module.exports = {{ duly: {{ input: './openapi.json', output: {output} }} }}"
    )
    succeed(npm.run("orval", "--config", "orval.config.cjs", folder=folder))
    compile_and_run("orval.ts", folder, service, make_token(alice, secret))


def test_openapi_python_client(service, secret, alice, folder):
    scripts = Path(sys.executable).parent
    command = [
        "--path",
        "openapi.json",
        "--output-path",
        "duly_client",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    environment = {"PATH": str(scripts)}
    generated = subprocess.run(
        [scripts / "openapi-python-client", "generate", *command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    succeed(generated)
    shutil.copy(HERE / "python_client.py", folder)
    (folder / "mypy.ini").write_text(MYPY)
    checked = [sys.executable, "-m", "mypy", "duly_client", "python_client.py"]
    succeed(subprocess.run(checked, cwd=folder, capture_output=True, text=True, timeout=180))
    program = [sys.executable, "python_client.py", service, make_token(alice, secret)]
    succeed(subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=60))
