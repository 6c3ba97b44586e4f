"""The signing secrets of webhooks. They are derived, so none is stored: a copy of the database has none."""

import base64
import hmac
import json


def webhook_secret(key: str, user_id: str, webhook_id: str, generation: int) -> str:
    """The secret of a webhook in the form of Standard Webhooks: ``whsec_`` and the base64 of 32 bytes."""
    message = json.dumps([user_id, webhook_id, generation], ensure_ascii=False).encode()
    return f"whsec_{base64.b64encode(hmac.digest(key.encode(), message, 'sha256')).decode()}"
