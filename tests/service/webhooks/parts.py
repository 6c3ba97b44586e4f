"""What the tests of this room share."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import SECRET, WEBHOOK_KEY, Client, make_token

END_CLAIMS = """
  do $$ begin
    perform from app.webhooks order by id for no key update;
    update app.deliveries set due_at = now() where claimed and due_at < now() + interval '58 seconds';
    if found then
      update app.webhooks set due_at = now() where due_at is not null;
    end if;
  end $$
"""
"""Makes deliveries of a worker that was killed due again; by itself a claim ends after a minute."""

WAITING = "select count(*) from app.deliveries where state <> 'delivered'"


@contextmanager
def client_of(database_url: str, user: str) -> Iterator[Client]:
    """The user's client of a service whose webhooks may lead to loopback."""
    settings = Settings(
        database_url=database_url,
        jwt_secret=SECRET,
        webhook_key=(WEBHOOK_KEY,),
        webhook_allow=("127.0.0.0/8",),
    )
    with TestClient(create_app(settings)) as http:
        yield Client(http, make_token(user))
