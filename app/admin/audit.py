"""The audit: the report and the access matrix of db/audit, run by psql."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from app.admin.audit_page import render_page
from app.files import DATABASE_FILES
from app.settings import SettingsError

Result = tuple[subprocess.CompletedProcess[str], Any]


def audit(
    owner: str,
    full: bool = False,
    page: Path | None = None,
    program: str | Path = "psql",
    folder: Path = DATABASE_FILES.parent,
) -> int:
    """Print the report of db/audit and the access matrix; with ``page``, write both as a page and as JSON.

    Returns 1 if anything is off in either, else 0. The owner is a member of task_auditor, which makes the
    report; for the matrix it becomes one of task_api too. ``folder`` is the one with ``db`` in it.
    """
    # A script that is included, not given with -f, ends psql with 1.
    results = [
        run_script(owner, part, *(["full"] if full else []), program=program, folder=folder)[0].returncode
        for part in ("report", "matrix")
    ]
    if page is None:
        return int(any(results))
    (report, told), (matrix, tried) = (
        run_script(owner, part, "json", program=program, folder=folder) for part in ("report", "matrix")
    )
    if told and tried is not None:
        page.parent.mkdir(exist_ok=True)
        page.write_text(render_page(told, tried))
        page.with_suffix(".json").write_text(json.dumps({"report": told, "matrix": tried}, indent=1))
        print(f"As a page: {page}\nAs JSON:   {page.with_suffix('.json')}")
    return int(any([*results, report.returncode, matrix.returncode]))


def run_script(owner: str, part: str, *variables: str, program: str | Path, folder: Path) -> Result:
    """Run a script of db/audit; with the variable json, returns what it says too."""
    if shutil.which(program) is None:
        raise SettingsError("psql is missing: on Debian and Ubuntu, apt install postgresql-client")
    command: list[str | Path] = [program, owner, "--no-psqlrc"]
    for variable in variables:
        command += ["-v", f"{variable}=1"]
    command += ["-c", rf"\i db/audit/{part}.sql"]
    if "json" not in variables:
        return subprocess.run(command, cwd=folder, text=True), None
    quiet = subprocess.PIPE, subprocess.DEVNULL
    result = subprocess.run(command, cwd=folder, text=True, stdout=quiet[0], stderr=quiet[1])
    return result, json.loads(result.stdout) if result.stdout.strip() else None
