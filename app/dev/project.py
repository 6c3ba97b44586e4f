"""The project's folder, and the one in it that keeps what ``make`` makes."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
# The embedded server's data, the secret of make run, the pages of make audit.
DATA = ROOT / ".postgres"
