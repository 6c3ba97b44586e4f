"""What Prometheus is told of the processes themselves: memory, files, processor time, and what was built."""

import platform
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from prometheus_client import Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily

from app import __version__

# Of several processes the sum says something; of these, the least.
_LEAST = ("process_start_time_seconds", "process_max_fds")


class Processes:
    """A collector: ``process_…`` of all these processes together, and ``duly_build_info``."""

    def __init__(self, pids: Callable[[], Iterable[int | str]] = lambda: ["self"]) -> None:
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        """The metrics. A process that has ended says nothing."""
        together: dict[str, list[Metric]] = {}
        for pid in self._pids():
            # Without a registry it is asked here alone.
            for metric in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                together.setdefault(metric.name, []).append(metric)
        for name, metrics in together.items():
            values = [sample.value for metric in metrics for sample in metric.samples]
            value = min(values) if name in _LEAST else sum(values)
            [sample] = metrics[0].samples
            metrics[0].samples = [sample._replace(value=value)]
            yield metrics[0]
        build = GaugeMetricFamily("duly_build_info", "What runs: always 1.", labels=("version", "python"))
        build.add_metric((__version__, platform.python_version()), 1)
        yield build
