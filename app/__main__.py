"""``python -m app``: serve, with the settings of the environment; ``python -m app worker``: send to webhooks."""

import logging.config
import os
import sys

from app.instrumentation.logs import log_config
from app.main import create_app
from app.server.serve import serve
from app.settings import Settings, SettingsError, wants_development

_NO_DEVELOPMENT = (
    "DEVELOPMENT is off: it holds only on a loopback address and with the embedded database of make run"
)


def main() -> int:
    """Check the settings, then serve until SIGTERM or SIGINT; with ``--check``, only check.

    With ``worker``: send reminders and events instead.
    """
    try:
        settings = Settings.from_environment(os.environ)
        if sys.argv[1:] == ["worker"]:
            from app.worker.worker import run

            logging.config.dictConfig(log_config(settings))
            return run(settings)
        if wants_development(os.environ) and not settings.development:
            print(_NO_DEVELOPMENT, file=sys.stderr)
        create_app(settings)
    except SettingsError as error:
        sys.exit(f"Duly can't start:\n{error}\nAll settings are listed in .env.example.")
    return 0 if sys.argv[1:] == ["--check"] else serve(settings)


if __name__ == "__main__":
    sys.exit(main())
