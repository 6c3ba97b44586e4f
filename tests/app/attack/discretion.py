"""What no answer may say of how the service is made."""

import re
from typing import Any

from app.dev.project import ROOT

INTERNALS = re.compile(
    # SQL, and PostgreSQL's and Python's own words for what went wrong.
    r"\b(?:select \S+ from|insert into|update \S+ set|delete from)\b|"
    # In a URL api. is the name of a host.
    r"(?<!://)\b(?:app|api|audit|pg_catalog|public)\.[a-z_]{3}|\bpg_[a-z]+|"
    r"sqlstate|plpgsql|syntax error|relation|violates|constraint|row-level|permission denied|asyncpg|"
    r"traceback|\.py\b|site-packages|/usr/|/home/|/tmp/|\.s\.PGSQL|0x[0-9a-f]{6}|" + re.escape(f"{ROOT}/"),
    re.IGNORECASE,
)


def everything_in(response: Any) -> str:
    """The status, the headers and the body, as one text."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{response.status_code}\n{headers}\n\n{response.text}"


def internals_of(text: str) -> set[str]:
    """The words of the inside in a text."""
    return {word.lower() for word in INTERNALS.findall(text)}


def internals_in(response: Any) -> set[str]:
    """The words of the inside in an answer."""
    return internals_of(everything_in(response))
