"""``make forget-user``: deleting every trace of a user."""

from urllib.parse import urlsplit, urlunsplit

from app.admin import forgetting
from app.dev.database import is_embedded
from app.settings import SettingsError


def forget_user(owner: str, user: str) -> list[str]:
    """Delete every trace of a user, in one transaction; returns how many rows of each table.

    Row-level security must not hold the role: the embedded server's superuser is taken, else that of the URL.
    """
    if not user:
        raise SettingsError('make forget-user user="…": the sub of its tokens')
    parts = urlsplit(owner)
    url = urlunsplit(parts._replace(netloc="postgres@")) if is_embedded() and not parts.hostname else owner
    return forgetting.forget_user(url, user)
