"""What the runs of ``make bench`` add up to: medians, ratios, costs, and the page that shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.generators import Sample
from tests.bench.report import bars, figures, lines, machine, table, write
from tests.bench.walk import PAGE, Walk

DULY, TWO, USUAL, GRAPHQL = "Duly", "Duly, 2 workers", "the usual", "PostGraphile"
PGBENCH, BARE = "pgbench", "bare Starlette"
_CONTENDERS = (DULY, TWO, USUAL, GRAPHQL, PGBENCH, BARE)
COMPARED = 16
"""Connections."""


@dataclass
class Series:
    """The runs of one contender, with one operation and one number of connections."""

    samples: list[Sample] = field(default_factory=list)
    service_cpu: list[float] = field(default_factory=list)
    postgres_cpu: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return median(sample.per_second for sample in self.samples)

    @property
    def p50(self) -> float:
        return median(sample.p50 for sample in self.samples)

    @property
    def p99(self) -> float:
        return median(sample.p99 for sample in self.samples)

    @property
    def errors(self) -> int:
        return sum(sample.errors for sample in self.samples)

    @property
    def requests(self) -> int:
        return max(1, sum(sample.requests for sample in self.samples))

    @property
    def bytes(self) -> float:
        """Of an answer, with its headers."""
        return sum(sample.bytes for sample in self.samples) / self.requests


@dataclass
class Comparison:
    """All series, by contender, operation and connections, and what was measured beside them."""

    series: dict[tuple[str, str, int], Series] = field(default_factory=dict)
    memory: dict[tuple[str, int], int] = field(default_factory=dict)
    starts: Mapping[str, float] = field(default_factory=dict)
    exchanges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Statements and round trips of Duly, by operation."""
    walk: Walk | None = None
    worst: Sequence[tuple[str, int, str, str]] = ()
    """Of the most expensive requests: name, status, median and longest time in milliseconds."""

    batch: Sequence[tuple[str, str, str]] = ()
    """Of 100 creates, in a batch and alone: name, median and longest time in milliseconds."""

    def of(self, contender: str, operation: str, connections: int) -> Series:
        return self.series.setdefault((contender, operation, connections), Series())

    def per_second(self, contender: str, operation: str, connections: int = COMPARED) -> float:
        """0 where it was not measured."""
        found = self.series.get((contender, operation, connections))
        return found.per_second if found else 0.0

    def ratio(self, operation: str, other: str, contender: str = DULY) -> float:
        """0 where either was not measured."""
        return self.per_second(contender, operation) / (self.per_second(other, operation) or float("inf"))

    @property
    def operations(self) -> list[str]:
        return list(dict.fromkeys(operation for _, operation, _ in self.series))

    def write(self, title: str, version: str, method: str) -> None:
        """Write load.md, load.svg and connections.svg."""
        operations = self.operations
        text = [
            f"# {title}\n",
            machine(version),
            method,
            "## Requests per second, 16 connections\n",
            self._speeds(),
        ]
        text += [
            "![requests per second](load.svg)\n",
            "## CPU of PostgreSQL, milliseconds a request\n",
            self._postgres(),
            "## Goals\n",
            self._goals(),
            "## Milliseconds, p50 / p99, 16 connections\n",
            self._times(),
        ]
        text += [
            "## More connections\n",
            self._sweep(),
            "![requests per second by connections](connections.svg)\n",
            "## Costs\n",
            self._costs(),
        ]
        if self.walk:
            text += ["## First walk of GET /changes\n", self._first_walk(self.walk)]
        text += [
            "## Worst request, milliseconds\n",
            "The most that each bound lets through, for the user with 50,000 tasks (`worst.py`).\n",
            table(["", "status", "median", "longest"], self.worst),
            "## 100 creates of one user, milliseconds\n",
            table(["", "median", "longest"], self.batch),
        ]
        bars(
            "load.svg", "Requests per second, 16 connections", operations,
            {each: [self.per_second(each, operation) or None for operation in operations]
             for each in _CONTENDERS},
            "requests/s",
        )  # fmt: skip
        swept = {
            each: {
                n: self.per_second(each, "get", n)
                for n in (1, 16, 32, 1000)
                if self.per_second(each, "get", n)
            }
            for each in _CONTENDERS
            if self.per_second(each, "get", 1)
        }
        if any(swept.values()):
            lines(
                "connections.svg",
                "get: requests per second by connections",
                "connections",
                swept,
                "requests/s",
            )
        write("load.md", "\n".join(text))

    def _speeds(self) -> str:
        contenders = (DULY, USUAL, GRAPHQL, PGBENCH, TWO, BARE)
        return table(
            ["", "Duly / the usual", "Duly / PostGraphile", "Duly / pgbench", *contenders],
            [
                [
                    operation,
                    *(self._times_faster(operation, other) for other in (USUAL, GRAPHQL, PGBENCH)),
                    *(self._speed(each, operation) for each in contenders),
                ]
                for operation in self.operations
            ],
        )

    def _times_faster(self, operation: str, other: str) -> str:
        ratio = self.ratio(operation, other)
        return f"**{ratio:.2f} ×**" if ratio else ""

    def _speed(self, contender: str, operation: str) -> str:
        speed = self.per_second(contender, operation)
        return figures(speed) if speed else ""

    def postgres_cpu(self, contender: str, operation: str) -> float:
        """Milliseconds a request; 0 where it was not measured."""
        series = self.series.get((contender, operation, COMPARED))
        return 1000 * sum(series.postgres_cpu) / series.requests if series else 0.0

    def _postgres(self) -> str:
        contenders = (DULY, USUAL, GRAPHQL)
        rows: list[list[str]] = []
        for operation in self.operations:
            costs = [self.postgres_cpu(each, operation) for each in contenders]
            ratios = [f"**{costs[0] / cost:.2f} ×**" if cost else "" for cost in costs[1:]]
            rows.append([operation, *ratios, *(f"{cost:.2f}" if cost else "" for cost in costs)])
        return table(["", "Duly / the usual", "Duly / PostGraphile", *contenders], rows)

    def _first_walk(self, walk: Walk) -> str:
        return table(
            ["", "pages", "seconds", "ms a page", "PostgreSQL's CPU, ms a page", "MB"],
            [[
                f"{walk.tasks:,} tasks by pages of {PAGE}", walk.pages, f"{walk.seconds:.2f}",
                f"{1000 * walk.seconds / walk.pages:.1f}", f"{1000 * walk.postgres_cpu / walk.pages:.1f}",
                f"{walk.bytes / 1e6:.1f}",
            ]],
        )  # fmt: skip

    def _times(self) -> str:
        contenders = (DULY, TWO, USUAL, PGBENCH)
        return table(
            ["", *contenders],
            [
                [
                    operation,
                    *(
                        f"{self.of(each, operation, COMPARED).p50:.2f} / "
                        f"{self.of(each, operation, COMPARED).p99:.1f}"
                        for each in contenders
                    ),
                ]
                for operation in self.operations
            ],
        )

    def _sweep(self) -> str:
        swept = [key for key in self.series if key[2] != COMPARED]
        pairs = list(dict.fromkeys((operation, contender) for contender, operation, _ in swept))
        connections = sorted({key[2] for key in swept} | {COMPARED})
        rows = []
        for operation, contender in sorted(pairs, key=lambda pair: (self.operations.index(pair[0]), pair[1])):
            found = [self.series.get((contender, operation, n)) for n in connections]
            errors = sum(series.errors for series in found if series)
            cells = [
                f"{figures(series.per_second)} ({series.p50:.1f} / {series.p99:.0f} ms)" if series else ""
                for series in found
            ]
            rows.append([f"{operation}, {contender}", *cells, errors])
        return table(["requests/s (p50 / p99)", *(f"{n:,}" for n in connections), "errors"], rows)

    def _costs(self) -> str:
        rows = []
        for operation in self.operations:
            cells: list[object] = [operation, *self.exchanges.get(operation, ("", ""))]
            cells.append(f"{self.of(DULY, operation, COMPARED).bytes:,.0f}")
            for contender in (DULY, USUAL):
                series = self.of(contender, operation, COMPARED)
                cells.append(f"{sum(series.service_cpu) / series.requests * 1000:.2f}")
            rows.append(cells)
        costs = table(
            [
                "",
                "statements",
                "round trips",
                "bytes of an answer",
                "CPU of Duly's Python, ms",
                "of the usual's",
            ],
            rows,
        )
        memory = table(
            ["", "seconds to the first answer", *(f"MB at {n:,} connections" for n in (COMPARED, 1000))],
            [
                [
                    name,
                    f"{seconds:.2f}",
                    *(f"{self.memory.get((name, n), 0) / 1e6:.0f}" for n in (COMPARED, 1000)),
                ]
                for name, seconds in self.starts.items()
            ],
        )
        return f"{costs}\n{memory}"

    def _goals(self) -> str:
        rows: list[list[object]] = []

        def goal(text: str, least: float, reached: float, unit: str = "") -> None:
            if reached:
                rows.append(
                    [
                        text,
                        f"{least:g}{unit}",
                        f"{reached:.2f}{unit}",
                        "yes" if reached >= least else "**no**",
                    ]
                )

        for operation, least in {"get": 10, "create": 3.5, "update": 5, "toggle": 6}.items():
            goal(f"{operation} against the usual", least, self.ratio(operation, USUAL), " ×")
        for operation, least in {"get": 3.5, "list of 50": 3, "create": 1.8, "update": 2}.items():
            goal(f"{operation} against PostGraphile", least, self.ratio(operation, GRAPHQL), " ×")
        usual = self.postgres_cpu(USUAL, "create")
        if usual:
            share = self.postgres_cpu(DULY, "create") / usual
            met = "yes" if share <= 2 else "**no**"
            rows.append(
                ["PostgreSQL's CPU of a create, of the usual's", "at most 2 ×", f"{share:.2f} ×", met]
            )
        goal("list of 50 with its total, against the usual", 6, self.ratio("list of 50", USUAL), " ×")
        goal("search of 50,000 tasks, against the usual", 30, self.ratio("search", USUAL), " ×")
        goal("get, share of the bare route", 0.45, self.ratio("get", BARE))
        for operation in ("list of 50", "list, filtered", "search", "create"):
            goal(f"{operation}, share of pgbench", 0.6, self.ratio(operation, PGBENCH))
        for operation in ("get", "list of 50", "create"):
            many = self.per_second(DULY, operation, 1000)
            for fewer in (COMPARED, 32):
                share = many / (self.per_second(DULY, operation, fewer) or float("inf"))
                goal(f"{operation} at 1,000 connections, share of {fewer}", 0.9, share)
        errors = sum(series.errors for key, series in self.series.items() if key[0] in (DULY, TWO))
        rows.append(["errors", "0", errors, "no" if errors else "yes"])
        memory = self.memory.get((DULY, 1000), 0) / 1e6
        rows.append(
            [
                "resident memory of one worker at 1,000 connections",
                "120 MB",
                f"{memory:.0f} MB",
                "yes" if memory < 120 else "**no**",
            ]
        )
        return table(["", "goal", "reached", ""], rows)
