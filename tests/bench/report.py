"""What the measurements become: tables in Markdown, and plots beside them."""

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import psutil
from matplotlib import pyplot as plt
from matplotlib.ticker import LogLocator

RESULTS = Path(os.environ.get("BENCH_RESULTS", Path(__file__).parent / "results"))
COLOURS = {
    "Duly": "#2a6f97", "Duly, 2 workers": "#61a5c2", "pgbench": "#adb5bd", "bare Starlette": "#6c757d",
    "the usual": "#e07a5f", "PostGraphile": "#81b29a",
}  # fmt: skip

# Text as text: small, and in the reader's own font. No date and no random ids: the same figures are the same
# file.
mpl.use("svg")
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "duly", "font.family": "sans-serif",
"axes.spines.top": False,
                     "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
                     "axes.axisbelow": True})  # fmt: skip


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown: text on the left, figures on the right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def machine(version: str) -> str:
    """One sentence on where and when this was measured."""
    model = "an unknown processor"
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%d %B %Y}; {psutil.cpu_count()} cores of {model}, {memory:.0f} GiB, "
        f"{platform.system()} "
        f"{platform.release()}; PostgreSQL {version}, Python {platform.python_version()}. "
        "The load generator, the service and PostgreSQL share the machine: read the figures as ratios.\n"
    )


def bars(
    name: str, title: str, groups: Sequence[str], series: Mapping[str, Sequence[float | None]], unit: str
) -> None:
    """Grouped bars over a logarithmic axis, each with its figure."""
    width = 0.8 / len(series)
    figure, axes = plt.subplots(figsize=(11, 4.2))
    for place, (label, values) in enumerate(series.items()):
        xs = [group + (place - (len(series) - 1) / 2) * width for group in range(len(groups))]
        known = [(x, value) for x, value in zip(xs, values, strict=True) if value]
        axes.bar(
            [x for x, _ in known],
            [value for _, value in known],
            width * 0.95,
            label=label,
            color=COLOURS.get(label),
        )
        for x, value in known:
            axes.annotate(figures(value), (x, value), ha="center", va="bottom", fontsize=6)
    axes.set_yscale("log")
    axes.set_xticks(range(len(groups)), groups)
    axes.grid(axis="x", visible=False)
    _save(figure, axes, name, title, unit)


def lines(name: str, title: str, x_label: str, series: Mapping[str, Mapping[int, float]], unit: str) -> None:
    """Lines over two logarithmic axes."""
    figure, axes = plt.subplots(figsize=(8, 4.2))
    places = sorted({x for values in series.values() for x in values})
    for label, values in series.items():
        axes.plot(list(values), list(values.values()), marker="o", label=label, color=COLOURS.get(label))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(places, [f"{place:,}" for place in places])
    axes.minorticks_off()
    axes.set_xlabel(x_label)
    _save(figure, axes, name, title, unit)


def figures(value: float) -> str:
    """Three significant ones."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write(name: str, text: str) -> None:
    """Write a page of the results, and show it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / name).write_text(text)
    print(text)


def _save(figure: plt.Figure, axes: plt.Axes, name: str, title: str, unit: str) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    axes.set_title(title, loc="left")
    axes.set_ylabel(unit)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: figures(value))
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(RESULTS / name, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
