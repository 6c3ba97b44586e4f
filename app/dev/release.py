"""Whether a tag, the code, the list of changes, the manifest and the frozen migrations are of one release."""

import re
import sys
from pathlib import Path

from app.dev.migrations import changed, digests
from app.dev.project import ROOT


def find_faults(tag: str, root: Path = ROOT) -> list[str]:
    """What speaks against releasing this tree under ``tag``: a sentence for each."""
    version = _first(root / "app" / "__init__.py", r'^__version__ = "(.+)"$')
    faults = []
    if tag != f"v{version}":
        faults.append(f"the tag is {tag or 'missing'}, but app/__init__.py says {version}")
    if (told := _first(root / "app" / "CHANGES.md", r"^## (\S+)")) != version:
        faults.append(f"app/CHANGES.md begins with {told}, not with {version}")
    manifest = (root / "app" / "server" / "kubernetes.yaml").read_text()
    images = set(re.findall(r"^ +image: \S+:(\S+)$", manifest, re.MULTILINE))
    if images != {version}:
        faults.append(f"app/server/kubernetes.yaml runs {', '.join(sorted(images))}, not {version}")
    new = [path.name for path in (root / "db" / "migrations").glob("*.sql") if path.name not in digests(root)]
    if new:
        faults.append(f"migrations are not frozen: {', '.join(sorted(new))}; run make freeze")
    if broken := changed(root):
        faults.append(f"released migrations were changed: {', '.join(broken)}")
    return faults


def _first(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(), re.MULTILINE)
    return found[1] if found else "nothing"


if __name__ == "__main__":
    sys.exit("\n".join(find_faults(" ".join(sys.argv[1:]))) or None)
