"""The pages to read and try the API: Swagger UI, served from the package swagger-ui-py, so that it works without a network."""

import json
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.settings import Settings
from app.web.documents import Document
from app.web.problems import Problem
from app.web.requests import query_parameters

# Everything is from this origin. Swagger UI writes style attributes, and has its icons as data: URLs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Duly</title>
  <link rel="icon" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/page.js"></script>
</body>
</html>
"""
_SCRIPT = """\
const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  onComplete: () => { if (ONE_CLICK) offerToken(); },
});

function offerToken() {
  const button = document.createElement("button");
  button.id = "token";
  button.className = "btn authorize";
  button.style.marginLeft = "10px";
  button.textContent = "Be alice";
  button.onclick = async () => {
    const answer = await fetch("/docs/token?user=alice", { method: "POST" });
    ui.preauthorizeApiKey("token", (await answer.json()).token);
    button.textContent = "You are alice";
  };
  document.querySelector(".auth-wrapper").append(button);
}
"""
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
ASSET_TYPES = tuple(_ASSETS.values())


class Docs:
    """The handlers of ``/docs`` and what the page loads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.hands_out_tokens = (
            settings.development and bool(settings.jwt_secret) and "HS256" in settings.jwt_algorithm
        )
        self._page = Document(
            _PAGE, "text/html", cache_control="public, no-cache", content_security_policy=_POLICY
        )
        one_click = json.dumps(self.hands_out_tokens)
        self._script = Document(
            _SCRIPT.replace("ONE_CLICK", one_click), "text/javascript", cache_control="public, no-cache"
        )

    async def page(self, request: Request) -> Response:
        """``GET /docs``: 200, the page."""
        return self._page.respond(request)

    async def asset(self, request: Request) -> Response:
        """``GET /docs/{name}``: 200, what the page loads."""
        name = request.path_params["name"]
        if name == "page.js":
            return self._script.respond(request)
        if name not in _ASSETS:
            raise Problem("not-found")
        return _load(name).respond(request)

    async def token(self, request: Request) -> Response:
        """``POST /docs/token?user=…``: 200, a token for an hour. There is no route to it but in development."""
        user = query_parameters(request).get("user", ["alice"])[0]
        claims = {
            self._settings.jwt_user_claim[0]: user,
            "exp": int(time.time()) + 3600,
            "scope": "tasks:read tasks:write",
        }
        if self._settings.jwt_audience:
            claims["aud"] = self._settings.jwt_audience[0]
        if self._settings.jwt_issuer:
            claims["iss"] = self._settings.jwt_issuer[0]
        token = jwt.encode(claims, self._settings.jwt_secret, "HS256")
        return JSONResponse({"token": token}, headers={"cache-control": "no-store"})


@cache
def _load(name: str) -> Document:
    """A file of Swagger UI. The package itself is not imported: nothing of its code is used."""
    spec = find_spec("swagger_ui")
    assert spec is not None
    assert spec.origin is not None
    body = (Path(spec.origin).parent / "static" / name).read_bytes()
    return Document(body, _ASSETS[name], cache_control="public, max-age=3600")
