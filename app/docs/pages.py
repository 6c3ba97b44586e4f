"""The page to read and try the API: Scalar, from the package flask-openapi-scalar; it needs no network."""

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

# Everything is from this origin. Scalar adds style elements and attributes, and has images as data: URLs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_BE_ALICE = '<button id="alice">Be alice</button>'
_ASSETS = {
    "scalar.js": "text/javascript",
    "page.js": "text/javascript",
    "page.css": "text/css",
    "favicon.svg": "image/svg+xml",
}
ASSET_TYPES = tuple(_ASSETS.values())
_FOLDER = Path(__file__).parent


class Docs:
    """The handlers of ``/docs`` and what the page loads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.hands_out_tokens = (
            settings.development and bool(settings.jwt_secret) and "HS256" in settings.jwt_algorithm
        )
        page = (_FOLDER / "page.html").read_text(encoding="utf-8")
        page = page.replace("BE_ALICE", _BE_ALICE if self.hands_out_tokens else "")
        page = page.replace("ROOT_PATH", settings.root_path)
        self._page = Document(
            page, "text/html", cache_control="public, no-cache", content_security_policy=_POLICY
        )

    async def page(self, request: Request) -> Response:
        """``GET /docs``: 200, the page."""
        return self._page.respond(request)

    async def asset(self, request: Request) -> Response:
        """``GET /docs/{name}``: 200, what the page loads."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise Problem("not-found")
        return _load(name).respond(request)

    async def token(self, request: Request) -> Response:
        """``POST /docs/token?user=…``: 200, a token for an hour. The route exists in development only."""
        user = query_parameters(request).get("user", ["alice"])[0]
        claims = {
            self._settings.jwt_user_claim[0]: user,
            "exp": int(time.time()) + 3600,
            self._settings.jwt_scope_claim[0]: "tasks:read tasks:write",
        }
        if self._settings.jwt_audience:
            claims["aud"] = self._settings.jwt_audience[0]
        if self._settings.jwt_issuer:
            claims["iss"] = self._settings.jwt_issuer[0]
        token = jwt.encode(claims, self._settings.jwt_secret, "HS256")
        return JSONResponse({"token": token}, headers={"cache-control": "no-store"})


@cache
def _load(name: str) -> Document:
    if name != "scalar.js":
        return Document((_FOLDER / name).read_bytes(), _ASSETS[name], cache_control="public, no-cache")
    # The package itself is not imported: nothing of its code is used.
    spec = find_spec("flask_openapi_scalar")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "templates" / "scalar" / "js" / "scalar.standalone.js"
    return Document(path.read_bytes(), _ASSETS[name], cache_control="public, max-age=3600")
