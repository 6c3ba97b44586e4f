"""Libraries that receivers use, and that nobody here wrote, verify what the worker sends."""

import json
import subprocess
from pathlib import Path

import pytest
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError as StandardError
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError

from tests.app.worker.receiver import receiver
from tests.processes import wait_until
from tests.service.generators import npm

PACKAGES = ("standardwebhooks@1.1.1", "svix@2.5.0")
# Verifies each event, then one that was changed by a letter; prints what the verification returned.
VERIFY = """
const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"))
for (const name of ["standardwebhooks", "svix"]) {
  const webhook = new (require(name).Webhook)(secret)
  webhook.verify(body, headers)
  let refused = false
  try { webhook.verify(body.replace("Ä", "A"), headers) } catch { refused = true }
  console.log(JSON.stringify({ name, refused }))
}
"""


@pytest.fixture
def delivered(start, alices):
    """An event as it arrived: the secret of its webhook, its headers and its body."""
    with receiver() as here:
        secret = alices.post("/webhooks", {"url": here.url}).json()["secret"]
        alices.create(title="Ä task, “quoted”\n🙂")
        start()
        wait_until(lambda: here.received)
    request = here.received[0]
    assert request.event["data"]["title"] == "Ä task, “quoted”\n🙂"
    return secret, request.headers, request.body.decode()


@pytest.mark.parametrize(("library", "refusal"), [(StandardWebhook, StandardError), (SvixWebhook, SvixError)])
def test_python_libraries_verify_a_delivery(delivered, library, refusal):
    secret, headers, body = delivered
    library(secret).verify(body, headers)
    with pytest.raises(refusal):
        library(secret).verify(body.replace("Ä", "A"), headers)


def test_node_libraries_verify_a_delivery(delivered, tmp_path: Path):
    secret, headers, body = delivered
    (tmp_path / "node_modules").symlink_to(npm.install(PACKAGES))
    (tmp_path / "verify.js").write_text(VERIFY)
    done = subprocess.run(
        ["node", "verify.js"],
        cwd=tmp_path,
        env=npm.environment(tmp_path),
        input=json.dumps({"secret": secret, "headers": headers, "body": body}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"name": package.partition("@")[0], "refused": True} for package in PACKAGES
    ]
