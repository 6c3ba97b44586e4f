"""Reading a request: the id in the path, the query, conditions, the body, preferences."""

import re
from urllib.parse import parse_qsl

from starlette.requests import Request

from app.settings import Settings
from app.web.problems import INVALID_JSON, Invalid, Problem, field_error

MAX_BODY = 65_536
MAX_DEPTH = 64  # of arrays and objects in each other; PostgreSQL takes a tenth of a second for thousands
MAX_PARAMETERS = 100

_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}", re.ASCII)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes({*range(256)} - {*b"[]{}"})
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
# RFC 7240, section 2: an element of the list, and in it the name and the value of a preference.
_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.?)*+(?:"|$))+', re.DOTALL)
_PREFERENCE = re.compile(r'\s*([\w!#$%&\'*+.^`|~-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*+"|[^\s;"]*))?', re.DOTALL)


def task_id(request: Request) -> str:
    """The id in the path, a UUID (RFC 9562). Raises Invalid."""
    return uuid_of(request, "id")


def uuid_of(request: Request, name: str) -> str:
    """The UUID of this name in the path (RFC 9562). Raises Invalid."""
    text: str = request.path_params[name]
    if not _UUID.fullmatch(text):
        raise Invalid(
            [
                field_error(
                    ["path", name],
                    "must be a UUID, for example 018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f",
                    "uuid_format",
                )
            ]
        )
    return text


def query_parameters(request: Request) -> dict[str, list[str]]:
    """The parameters of the query, each with all of its values, empty ones too. Raises Invalid."""
    if request.scope["query_string"].count(b"&") >= MAX_PARAMETERS:
        raise Invalid(
            [field_error(["query"], f"must have at most {MAX_PARAMETERS} parameters", "too_many_parameters")]
        )
    parameters: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"), True, encoding="utf-8", errors="strict"
        )
    except ValueError:
        raise Invalid(
            [field_error(["query"], "must be percent-encoded UTF-8 (RFC 3986)", "encoding")]
        ) from None
    for name, value in pairs:
        if "\0" in name + value:
            raise Invalid(
                [field_error(["query", name.replace("\0", "")], "must not contain U+0000", "null_character")]
            )
        parameters.setdefault(name, []).append(value)
    return parameters


def condition(request: Request, name: str) -> str | None:
    """A field that is a list, such as If-Match; None where there is none.

    Several lines of it are one list (RFC 9110, section 5.3).
    """
    name_in_scope = name.encode()
    values = [value for each, value in request.scope["headers"] if each == name_in_scope]
    return b", ".join(values).decode("latin-1") if values else None


async def json_body(request: Request, *media_types: str, empty: str = "{}", limit: int = MAX_BODY) -> str:
    """The body as text; ``empty`` where it is empty. Whether it is JSON is for PostgreSQL to say.

    Raises:
        Invalid: it is not UTF-8, or deeper than MAX_DEPTH.
        Problem: 413 above the limit, before the rest is read; 415 where it is of none of the media types.
    """
    too_large = Problem("content-too-large", f"The body may have at most {limit:,} bytes")
    if int(request.headers.get("content-length", "0")) > limit:
        raise too_large
    chunks = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    if not size:
        return empty
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type not in media_types:
        accept = "accept-post" if request.method == "POST" else "accept-patch"
        raise Problem("unsupported-media-type", headers={accept: ", ".join(media_types)})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem(
            "unsupported-media-type",
            "Send the body without a content coding",
            {"accept-encoding": "identity"},
        )
    body = b"".join(chunks)
    if is_deep(body):
        raise Invalid([INVALID_JSON])
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Invalid([INVALID_JSON]) from None


def is_deep(body: bytes) -> bool:
    """Whether JSON has more than MAX_DEPTH levels, or has many brackets that do not match."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", body).translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        # The innermost level goes.
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key, quoted (RFC 9651) or bare; None where there is none. Raises Invalid."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    key = key.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise Invalid(
            [
                field_error(
                    ["header", "Idempotency-Key"],
                    "must have 1 to 255 visible ASCII characters",
                    "string_length",
                )
            ]
        )
    return key


def is_lenient(request: Request, settings: Settings) -> bool:
    """Whether unknown fields are ignored: by the settings, or by ``handling=lenient`` (RFC 7240, 4.4)."""
    if settings.unknown_fields == "ignore":
        return True
    return preferences(request).get("handling") == "lenient"


def preferences(request: Request) -> dict[str, str]:
    """What the client prefers (RFC 7240), in lower case; "" where there is no value.

    Of a preference that is there several times, in one line or in several, the first one counts.
    """
    found: dict[str, str] = {}
    for element in _ELEMENT.findall(condition(request, "prefer") or ""):
        if match := _PREFERENCE.match(element):
            value = match[2] or ""
            if value[:1] == '"':
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            found.setdefault(match[1].lower(), value.lower())
    return found
