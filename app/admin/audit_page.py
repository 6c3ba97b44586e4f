"""The audit as one HTML page: verdict, differences, the access matrix as a grid, and the roles as a picture.

It loads nothing, and can be printed.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Report = Mapping[str, Any]
Try = Mapping[str, Any]

SEVERITIES = ("critical", "high", "medium", "low")
_SIGNS = {"done": "●", "nothing": "○", "refused": "×"}
_WHOSE = ("own row", "another's row", "no user")


def render_page(report: Report, matrix: Sequence[Try]) -> str:
    """The page of the JSON that ``db/audit/report.sql`` and ``matrix.sql`` write."""
    off = [attempt for attempt in matrix if not attempt["sound"]]
    sound = report["sound"] and not off
    time = str(report["time"]).replace("T", " ").replace("+00:00", " UTC")
    about = (
        f"Database {report['database']}",
        f"PostgreSQL {report['postgresql']}",
        f"migration {report['migration']}",
        time,
    )
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Audit of {escape(report['database'])}</title><style>{_STYLE}</style></head><body>",
            "<header><h1>Who may see and do what</h1>",
            f"<p>{escape(' · '.join(about))}</p></header>",
            "<main>",
            *_verdict(report, sound, len(off)),
            *_findings(report["findings"]),
            *_matrix(matrix),
            *_roles(report),
            "</main></body></html>",
        )
    )


def _verdict(report: Report, sound: bool, off: int) -> Iterator[str]:
    words = "Nothing is off" if sound else "Not passed"
    yield f'<section class="verdict {"sound" if sound else "off"}"><h2>{words}</h2><ul class="counts">'
    for severity in (*SEVERITIES, "accepted"):
        yield f'<li class="{severity}"><b>{report["counts"][severity]}</b> {severity}</li>'
    yield f'<li class="{"critical" if off else "low"}"><b>{off}</b> in the matrix</li></ul></section>'


def _findings(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "<section><h2>What is off</h2>"
    if not findings:
        yield "<p>Every rule holds, and the database is as in <code>db/audit/baseline.sql</code>.</p>"
    for finding in findings:
        state = finding["severity"] if finding["accepted_by"] is None else "accepted"
        yield f'<article class="{state}"><h3><span>{state}</span> {escape(finding["fault"])}</h3>'
        if finding["accepted_by"] is not None:
            told = f"{finding['accepted_by']}: {finding['accepted_because']}"
            yield f"<p>Accepted by {escape(told)}</p>"
        remedy = finding["remedy"]
        # Words, or SQL.
        told = escape(remedy) if remedy.startswith("by hand: ") else f"<code>{escape(remedy)};</code>"
        yield f"<p>To do: {told}</p>"
        yield f"<p><small>{escape(finding['id'])}</small></p>"
        yield "</article>"
    yield "</section>"


def _matrix(matrix: Sequence[Try]) -> Iterator[str]:
    yield "<section><h2>The access matrix</h2><p>Each role tried each command: on a row of its own user, on a"
    yield "row of another user, and without a user. A red cell is not as it should be.</p>"
    yield '<ul class="key"><li class="done">● it happened</li><li>○ no row was seen</li><li>× refused</li>'
    yield "<li>· can not be tried</li></ul>"
    roles = list(dict.fromkeys(attempt["role"] for attempt in matrix))
    cells = {(a["role"], a["table"], a["command"], a["whose"]): a for a in matrix}
    tries = list(dict.fromkeys((a["table"], a["command"]) for a in matrix))
    yield '<div class="scroll"><table><thead><tr><th scope="col">table and command</th>'
    yield from (f'<th scope="col" colspan="3">{escape(role)}</th>' for role in roles)
    yield (
        "</tr><tr><th></th>" + "<th>own</th><th>other</th><th>none</th>" * len(roles) + "</tr></thead><tbody>"
    )
    last = None
    for table, command in tries:
        if table != last:
            yield '<tr class="table">'
            yield f'<th scope="rowgroup" colspan="{1 + 3 * len(roles)}">{escape(table)}</th></tr>'
            last = table
        yield f'<tr><th scope="row">{escape(command)}</th>'
        for role in roles:
            yield from (_cell(cells.get((role, table, command, whose))) for whose in _WHOSE)
        yield "</tr>"
    yield "</tbody></table></div></section>"


def _cell(attempt: Try | None) -> str:
    if attempt is None:
        return '<td class="none"><span title="can not be tried">·</span></td>'
    outcome = attempt["outcome"]
    kind = outcome.partition(" ")[0]
    about = f"{attempt['role']}, {attempt['whose']}: {outcome}"
    classes = kind if attempt["sound"] else f"{kind} wrong"
    return f'<td class="{escape(classes)}"><span title="{escape(about)}">{_SIGNS.get(kind, "?")}</span></td>'


def _roles(report: Report) -> Iterator[str]:
    roles = {role["role"]: role for role in report["roles"]}
    reached = _reached(report)
    # A role that has a privilege and is not one of ours is in the picture too.
    names = list(dict.fromkeys([*roles, *sorted(role for role, _ in reached)]))
    yield "<section><h2>The roles, and the tables that each reaches</h2><p>A line leads to each table on"
    yield "which a role has privileges: solid to write, dashed only to read. Row-level security leaves"
    yield "task_api and task_worker the rows of their user.</p>"
    yield f'<div class="scroll">{_picture(names, roles, reached)}</div><dl>'
    for name in names:
        yield f"<dt>{escape(name)}</dt><dd>{escape(' · '.join(_notes(name, roles.get(name), reached)))}</dd>"
    yield "</dl></section>"


def _reached(report: Report) -> dict[tuple[str, str], set[str]]:
    """The privileges of each role on each table."""
    reached: dict[tuple[str, str], set[str]] = {}
    for grant in report["privileges"] or ():
        if grant["kind"] == "table":
            reached.setdefault((grant["role"], grant["object"]), set()).add(grant["privilege"])
    return reached


def _notes(name: str, role: Report | None, reached: Mapping[tuple[str, str], set[str]]) -> Iterator[str]:
    """Parts of the text beside a role; the tables are told without the picture, too."""
    if role is None:
        yield "not one of Duly's roles"
    else:
        yield role["attributes"]
        if role["about"]:
            yield role["about"].rstrip(".")
        if role["member_of"]:
            yield f"member of {role['member_of']}"
    for verb, reads in (("writes", False), ("reads", True)):
        tables = [
            table
            for (owner, table), privileges in sorted(reached.items())
            if owner == name and (privileges <= {"select"}) is reads
        ]
        if tables:
            yield f"{verb} {', '.join(tables)}"


def _picture(
    names: Sequence[str], roles: Mapping[str, Report], reached: Mapping[tuple[str, str], set[str]]
) -> str:
    tables = sorted({table for _, table in reached})
    height = 64 * max(len(names), len(tables)) + 16
    places = {name: 40 + 64 * number for number, name in enumerate(names)}
    step = (height - 16) / max(len(tables), 1)
    targets = {table: 8 + step * (number + 0.5) for number, table in enumerate(tables)}
    parts = [
        f'<svg viewBox="0 0 720 {height}" role="img" aria-label="Roles and the tables that they reach">',
    ]
    for (role, table), privileges in sorted(reached.items()):
        style = "reads" if privileges <= {"select"} else "writes"
        path = f"M236 {places[role]} C 360 {places[role]}, 390 {targets[table]:.0f}, 514 {targets[table]:.0f}"
        title = f"{role}: {', '.join(sorted(privileges))} on {table}"
        parts.append(f'<path class="{style}" d="{path}"><title>{escape(title)}</title></path>')
    for name, y in places.items():
        known = roles.get(name, {"past_row_level_security": False, "attributes": "not one of Duly's"})
        attributes = known["attributes"]
        short = attributes if len(attributes) <= 30 else attributes[:29] + "…"
        parts.append(
            f'<g class="{"strong" if known["past_row_level_security"] else "role"}">'
            f'<rect x="4" y="{y - 22}" width="232" height="44" rx="6"/>'
            f'<text x="14" y="{y - 4}">{escape(name)}</text>'
            f'<text class="small" x="14" y="{y + 13}">{escape(short)}</text></g>'
        )
    for table, place in targets.items():
        parts.append(
            f'<g class="table"><rect x="514" y="{place - 15:.0f}" width="202" height="30" rx="6"/>'
            f'<text x="524" y="{place + 5:.0f}">{escape(table)}</text></g>'
        )
    return "".join(parts) + "</svg>"


_STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1c2430; --soft: #5b6675; --paper: #fff; --line: #d5dae1; --tint: #f3f5f8;
  --critical: #b3261e; --high: #a84300; --medium: #7a5c00; --low: #4a5565; --good: #17693a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6eaf0; --soft: #a0abba; --paper: #12161c; --line: #343c48; --tint: #1b212a;
    --critical: #ff8a80; --high: #ffb074; --medium: #ecd06f; --low: #b4becc; --good: #7fd6a2;
  }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; }
main { padding-bottom: 2rem; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
header p, small { color: var(--soft); }
header p { margin: .25rem 0 1.25rem; }
p { max-width: 46rem; }

.verdict { border-left: 6px solid var(--good); background: var(--tint); padding: .75rem 1rem; }
.verdict { border-radius: 6px; }
.verdict.off { border-color: var(--critical); }
.verdict h2 { margin: 0; color: var(--good); }
.verdict.off h2 { color: var(--critical); }
.counts, .key { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; padding: 0; list-style: none; }
.counts { margin: .25rem 0 0; }
.key { margin: .5rem 0 .75rem; color: var(--soft); }
.critical b, .critical h3 span { color: var(--critical); }
.high b, .high h3 span { color: var(--high); }
.medium b, .medium h3 span { color: var(--medium); }
.low h3 span, .accepted h3 span { color: var(--low); }
.done { color: var(--good); }

article { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .9rem; margin: .6rem 0; }
article { break-inside: avoid; }
article h3 { margin: 0 0 .25rem; font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
article p { margin: .15rem 0; max-width: none; }
article.accepted { opacity: .8; }
code { font-size: .875rem; background: var(--tint); padding: .1rem .3rem; border-radius: 4px; }
code { overflow-wrap: anywhere; box-decoration-break: clone; -webkit-box-decoration-break: clone; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .8125rem; }
th, td { padding: .15rem .3rem; border-bottom: 1px solid var(--line); text-align: center; }
th, td { white-space: nowrap; font-weight: 500; }
th[scope=row], th[scope=rowgroup], thead th:first-child { text-align: left; position: sticky; left: 0; }
th[scope=row], th[scope=rowgroup], thead th:first-child { background: var(--paper); padding-right: .75rem; }
tr.table th { font-weight: 700; padding-top: .7rem; }
thead tr:nth-child(2) th { color: var(--soft); font-weight: 400; }
td:nth-child(3n+2), thead tr:first-child th + th, thead tr:nth-child(2) th:nth-child(3n+2) {
  border-left: 1px solid var(--line);
}
td.refused, td.nothing, td.none { color: var(--soft); }
td.wrong { background: var(--critical); color: var(--paper); font-weight: 700; }
tbody tr:hover > * { background: var(--tint); }
tbody tr:hover > td.wrong { background: var(--critical); }

svg { display: block; width: 100%; min-width: 40rem; max-width: 60rem; font: 14px system-ui, sans-serif; }
svg rect { fill: var(--tint); stroke: var(--line); }
svg text { fill: var(--ink); }
svg .small { font-size: 12px; fill: var(--soft); }
svg .strong rect { stroke: var(--critical); stroke-width: 2; }
svg path { fill: none; stroke: var(--soft); stroke-width: 1.5; }
svg path.reads { stroke-dasharray: 5 4; }
svg path.writes { stroke: var(--good); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; }
@media (max-width: 40rem) {
  dl { display: block; }
  dd { margin-bottom: .5rem; }
}
@media print {
  .scroll { overflow: visible; }
  svg { min-width: 0; }
  table { font-size: 6.5pt; }
  th, td { padding: 0 .1rem; }
  tr { break-inside: avoid; }
}
"""
