"""The health check of a container: whether the process in it answers."""

from collections.abc import Mapping
from urllib.request import urlopen

_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104


def is_healthy(environment: Mapping[str, str], worker: bool = False) -> bool:
    """Whether ``/health`` of the service, or ``/metrics`` of the worker, answers within two seconds."""
    host = environment.get("HOST", "").strip()
    port, path = environment.get("PORT", "").strip() or "8000", "/health"
    if worker:
        port, path = environment.get("WORKER_PORT", "").strip() or "0", "/metrics"
        if port == "0":
            # It listens nowhere, so there is nobody to ask.
            return True
    name = "127.0.0.1" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    try:
        with urlopen(f"http://{name}:{port}{path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
