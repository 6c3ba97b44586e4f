"""What ``make`` calls: a command, and its arguments."""

import argparse
import subprocess
import sys

import asyncpg

from app.admin.migrate import migrate
from app.admin.spread import rebalance
from app.database.outages import Outages
from app.dev import postgres
from app.dev.audit import accept, audit
from app.dev.database import database
from app.dev.dump import check_dump
from app.dev.forgetting import forget_user
from app.dev.passes import create_pass
from app.dev.psql import psql
from app.dev.reminder import remind
from app.dev.schema import write_schema
from app.dev.service import run
from app.dev.spread import spread
from app.dev.tokens import token
from app.settings import SettingsError


def main() -> int:
    """The commands of the Makefile."""
    parser = argparse.ArgumentParser(prog="python -m app.dev.commands")
    parser.add_argument(
        "command",
        choices=[
            *("run", "token", "pass", "remind-me", "migrate", "rollback", "status", "schema", "psql"),
            *("audit", "audit-accept", "forget-user", "check-dump", "spread", "rebalance"),
        ],
    )
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    match arguments.command:
        case "run":
            return run()
        case "token":
            print(token(next(iter(arguments.rest), "") or "alice"))
        case "pass":
            user, scope, label = [*arguments.rest, "", "", ""][:3]
            print(create_pass(user or "alice", scope or "tasks:read", label or "make pass"))
        case "remind-me":
            return remind(next(iter(arguments.rest), "") or "alice")
        case "schema":
            write_schema()
        case "psql":
            with database() as owner:
                return psql(owner, *(arguments.rest or [""]))
        case "audit":
            with database() as owner:
                return audit(owner, full=any(arguments.rest))
        case "audit-accept":
            with database() as owner:
                print(f"Accepted: {accept(owner, *arguments.rest)}")
        case "forget-user":
            with database() as owner:
                print("\n".join(forget_user(owner, *arguments.rest)))
        case "spread":
            with database() as owner:
                spread(owner)
        case "rebalance":
            with database() as owner:
                rebalance(owner, next(filter(None, arguments.rest), None))
        case "check-dump":
            with database() as owner:
                print("\n".join(check_dump(owner, *arguments.rest)))
        case command:
            with database() as owner:
                applied = migrate(owner, command, quiet=False, psql=postgres.BINARIES / "psql")
            if command == "migrate":
                print(f"{len(applied) or 'No'} migrations applied: the database is up to date")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        # It has said itself what is wrong.
        sys.exit(error.returncode)
    except (SettingsError, RuntimeError) as error:
        sys.exit(str(error))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # Of the owner's connection.
        sys.exit(f"The database can't be used: {Outages('').reason_of(error) or error}")
