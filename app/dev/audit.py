"""``make audit`` and ``make audit-accept``: the audit with the embedded server's psql, and its exceptions."""

import json
from pathlib import Path

from app.admin.audit import audit as run_audit
from app.admin.audit import run_script
from app.dev.postgres import BINARIES
from app.dev.project import DATA, ROOT
from app.settings import SettingsError

_ACCEPTED = ROOT / "db" / "audit" / "accepted.sql"
_PSQL = BINARIES / "psql"


def audit(owner: str, full: bool = False, page: Path = DATA / "audit.html") -> int:
    """Print the report of db/audit and the access matrix, and write both as a page and as JSON beside it.

    Returns 1 if anything is off in either, else 0.
    """
    return run_audit(owner, full, page, program=_PSQL, folder=ROOT)


def accept(owner: str, id: str, reason: str, name: str, path: Path = _ACCEPTED) -> str:
    """Accept a finding of the audit, with the reason and the name of a person; returns its sentence.

    Raises:
        SettingsError: a part is missing, or the audit does not find it.
    """
    if not (id and reason and name):
        raise SettingsError('make audit-accept id=… reason="why it is meant" name="who says so"')
    _, report = run_script(owner, "report", "json", program=_PSQL, folder=ROOT)
    found = next((found for found in report["findings"] if found["id"] == id), None) if report else None
    if found is None:
        raise SettingsError(f"the audit finds nothing with the id {id}: make audit shows them")
    if found["accepted_by"] is not None:
        raise SettingsError(f"{id} is accepted already, by {found['accepted_by']}: {path}")
    head, entries, tail = path.read_text().split("$accepted$")
    entry = {"id": id, "reason": reason, "name": name, "fault": found["fault"]}
    lines = [json.dumps(each, ensure_ascii=False) for each in [*json.loads(entries), entry]]
    path.write_text("$accepted$".join((head, "[\n" + ",\n".join(lines) + "\n]", tail)))
    return str(found["fault"])
