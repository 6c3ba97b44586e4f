"""The metrics of the worker, for Prometheus, on WORKER_PORT."""

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from app.process import Processes
from app.settings import Settings
from app.worker.sender import Outcome


class Metrics:
    """Numbers of this worker; the queue's are of all users together."""

    def __init__(self, settings: Settings) -> None:
        registry = self.registry = CollectorRegistry()
        registry.register(Processes())
        self._attempts = Counter(
            "duly_webhook_attempts", "Requests to webhooks, by outcome.", ["outcome"], registry=registry
        )
        self._reminders = Counter(
            "duly_reminders", "Reminders that came due and were handed to webhooks.", registry=registry
        )
        self._waiting = Gauge("duly_webhook_waiting", "Deliveries that wait.", registry=registry)
        self._oldest = Gauge(
            "duly_webhook_oldest_seconds",
            "By how many seconds the work whose turn is next is late; webhooks that fail do not count.",
            registry=registry,
        )
        self.serves = bool(settings.worker_port)
        if self.serves:
            start_http_server(settings.worker_port, settings.host, registry)

    def count_attempt(self, outcome: Outcome) -> None:
        """Count an attempt."""
        self._attempts.labels(outcome.label).inc()

    def count_reminder(self) -> None:
        """Count a reminder."""
        self._reminders.inc()

    def set_queue(self, waiting: int, oldest: float) -> None:
        """Note the length of the queue, and by how many seconds its oldest work is late."""
        self._waiting.set(waiting)
        self._oldest.set(oldest)
