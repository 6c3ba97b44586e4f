"""What the runs of ``make bench`` add up to: medians, ratios, costs, and the page that shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.generators import Sample
from tests.bench.report import bars, figures, lines, machine, table, write

DULY, TWO, PGBENCH, BARE, USUAL = "Duly", "Duly, 2 workers", "pgbench", "bare Starlette", "the usual"
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
    worst: Sequence[tuple[str, int, str, str]] = ()
    """Of the most expensive requests: name, status, median and longest time in milliseconds."""

    def of(self, contender: str, operation: str, connections: int) -> Series:
        return self.series.setdefault((contender, operation, connections), Series())

    def per_second(self, contender: str, operation: str, connections: int = COMPARED) -> float:
        """0 where it was not measured."""
        found = self.series.get((contender, operation, connections))
        return found.per_second if found else 0.0

    def ratio(self, operation: str, other: str, contender: str = DULY) -> float:
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
        text += [
            "## Worst request, milliseconds\n",
            "The most that each bound lets through, for the user with 50,000 tasks (`worst.py`).\n",
            table(["", "status", "median", "longest"], self.worst),
        ]
        bars(
            "load.svg", "Requests per second, 16 connections", operations,
            {each: [self.per_second(each, operation) or None for operation in operations] for each in (DULY,
            TWO, PGBENCH, BARE, USUAL)},
            "requests/s",
        )  # fmt: skip
        swept = {
            each: {
                n: self.per_second(each, "get", n)
                for n in (1, 16, 32, 64, 1000)
                if self.per_second(each, "get", n)
            }
            for each in (DULY, TWO, PGBENCH, BARE, USUAL)
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
        return table(
            ["", DULY, TWO, USUAL, PGBENCH, "Duly / the usual", "Duly / pgbench", "2 workers / pgbench"],
            [
                [operation, *(figures(self.per_second(each, operation)) for each in (DULY, TWO, USUAL,
                PGBENCH)),
                 f"**{self.ratio(operation, USUAL):.1f} ×**", f"{self.ratio(operation, PGBENCH):.2f}",
                 f"{self.ratio(operation, PGBENCH, TWO):.2f}"]
                for operation in self.operations
            ],
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
                cells += [
                    f"{sum(cpu) / series.requests * 1000:.2f}"
                    for cpu in (series.service_cpu, series.postgres_cpu)
                ]
            rows.append(cells)
        costs = table(
            [
                "",
                "statements",
                "round trips",
                "bytes of an answer",
                "Duly: CPU s / 1,000",
                "its PostgreSQL",
                "the usual: CPU s / 1,000",
                "its PostgreSQL",
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

        for operation in ("get", "create", "update", "toggle"):
            goal(f"{operation} against the usual", 10, self.ratio(operation, USUAL), " ×")
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
