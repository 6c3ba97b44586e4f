"""``duly``, or ``python -m app``: the service, the worker, and the commands of an operator."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable

from app import __version__
from app.settings import Settings, SettingsError, read_database_url, wants_development

# Each command imports only its own modules: a health check runs every few seconds.

_NO_DEVELOPMENT = (
    "DEVELOPMENT is off: it holds only on a loopback address and with the embedded database of make run"
)


def _serve(arguments: argparse.Namespace) -> int:
    """Check the settings, then serve until SIGTERM or SIGINT; with ``--check``, only check."""
    from app.main import create_app
    from app.server.serve import serve

    settings = Settings.from_environment(os.environ)
    if wants_development(os.environ) and not settings.development:
        print(_NO_DEVELOPMENT, file=sys.stderr)
    create_app(settings)
    return 0 if arguments.check else serve(settings)


def _work(arguments: argparse.Namespace) -> int:
    """Send reminders and events until SIGTERM or SIGINT."""
    import logging.config

    from app.instrumentation.logs import log_config
    from app.worker.worker import run

    settings = Settings.from_environment(os.environ)
    logging.config.dictConfig(log_config(settings))
    return run(settings)


def _migrate(arguments: argparse.Namespace) -> int:
    from app.admin.migrate import migrate, set_passwords

    owner = _owner()
    applied = migrate(owner, quiet=False)
    print(f"{len(applied) or 'No'} migrations applied: the database is up to date")
    for role in set_passwords(owner):
        print(f"{role} has its password")
    return 0


def _rollback(arguments: argparse.Namespace) -> int:
    from app.admin.migrate import migrate

    migrate(_owner(), "rollback", quiet=False)
    return 0


def _spread(arguments: argparse.Namespace) -> int:
    from app.admin.spread import spread

    spread(_owner())
    return 0


def _rebalance(arguments: argparse.Namespace) -> int:
    from app.admin.spread import rebalance

    rebalance(_owner(), arguments.drain)
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from app.admin.audit import audit

    return audit(_owner(), arguments.full, arguments.page and Path(arguments.page).resolve())


def _forget_user(arguments: argparse.Namespace) -> int:
    from app.admin.forgetting import forget_user

    print("\n".join(forget_user(_owner(), arguments.user)))
    return 0


def _token(arguments: argparse.Namespace) -> int:
    from app.admin.tokens import make_token

    # It asks no database.
    settings = Settings.from_environment({**os.environ, "DATABASE_URL": "postgresql:///"})
    print(make_token(settings, arguments.user))
    return 0


def _pass(arguments: argparse.Namespace) -> int:
    from app.admin.passes import create_pass

    print(create_pass(_url("DATABASE_URL"), arguments.user, arguments.scope, arguments.label))
    return 0


def _healthcheck(arguments: argparse.Namespace) -> int:
    from app.admin.healthcheck import is_healthy

    return 0 if is_healthy(os.environ, worker=arguments.process == "worker") else 1


def _owner() -> str:
    return _url("DATABASE_OWNER_URL")


def _url(variable: str) -> str:
    url = read_database_url(os.environ, variable)
    if url is None:
        role = "task_api" if variable == "DATABASE_URL" else "the role that owns the database"
        raise SettingsError(f"{variable} is not set: PostgreSQL, as {role}")
    return url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="duly",
        description="A task API that lives in PostgreSQL. All settings are environment variables.",
    )
    parser.add_argument("--version", action="version", version=f"Duly {__version__}")
    parser.add_argument("--check", action="store_true", help="of serve: check the settings, and end")
    parser.set_defaults(run=_serve)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    def add(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(run=run)
        return command

    # Where it is not given here, what stands before the command holds.
    add("serve", _serve, "serve on HOST and PORT; the default").add_argument(
        "--check", action="store_true", default=argparse.SUPPRESS, help="check the settings, and end"
    )
    add("worker", _work, "send reminders and events to webhooks; DATABASE_URL logs in as task_worker")
    add(
        "migrate",
        _migrate,
        "bring the database of DATABASE_OWNER_URL up to date; give task_api and task_worker the passwords "
        "TASK_API_PASSWORD and TASK_WORKER_PASSWORD, where these are set",
    )
    add("rollback", _rollback, "take the last migration of DATABASE_OWNER_URL back")
    add("spread", _spread, "spread the rows over the machines of Citus, as a superuser of the coordinator")
    moved = add("rebalance", _rebalance, "move users between the machines of Citus, while they work")
    moved.add_argument("--drain", metavar="HOST:PORT", help="a machine that is to have no users any more")
    audit = add("audit", _audit, "report who may see and do what, and try it; fails where anything is off")
    audit.add_argument("--full", action="store_true", help="print the tables too")
    audit.add_argument("--page", metavar="FILE", help="write it as an HTML page, and as JSON beside it")
    add("token", _token, "print a token for a day, signed with JWT_SECRET").add_argument("user")
    made = add("pass", _pass, "print a new pass, a token for scripts")
    made.add_argument("user")
    made.add_argument("--scope", default="tasks:read", help="tasks:read, the default, or tasks:write")
    made.add_argument("--label", default="duly pass", help="the name that the user sees")
    add("forget-user", _forget_user, "delete every trace of a user, as a superuser").add_argument("user")
    healthy = add("healthcheck", _healthcheck, "end with 0 if the service, or the worker, answers")
    healthy.add_argument("process", nargs="?", choices=["serve", "worker"], default="serve")
    return parser


def main() -> int:
    """Run a command; returns its exit code."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except SettingsError as error:
        if arguments.run in (_serve, _work):
            sys.exit(f"Duly can't start:\n{error}\nAll settings are listed in .env.example.")
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        # The program has printed the reason.
        return error.returncode
    except Exception as error:
        if arguments.run in (_serve, _work) or (reason := _reason_of(error)) is None:
            raise
        sys.exit(f"The database can't be used: {reason}")


def _reason_of(error: Exception) -> str | None:
    """The reason for an error of the database, for an operator; None for any other."""
    import asyncpg

    from app.database.outages import Outages

    if not isinstance(error, OSError | asyncpg.PostgresError | asyncpg.InterfaceError):
        return None
    return Outages("").reason_of(error) or str(error)


if __name__ == "__main__":
    sys.exit(main())
