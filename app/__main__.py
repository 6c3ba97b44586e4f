"""``python -m app``: serve, with the settings of the environment."""

import os
import sys

import uvicorn

from app.settings import Settings, SettingsError


def main() -> None:
    """Check the settings, then serve until SIGTERM or SIGINT."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"Duly can't start:\n{error}\nAll settings are listed in .env.example.")
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
