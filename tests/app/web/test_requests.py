"""What is read from a request: its preferences (RFC 7240)."""

import pytest
from starlette.requests import Request

from app.web.requests import preferences
from tests.client import make_token

LENIENT = {
    "a line": ["handling=lenient"],
    "any case": ["HANDLING=Lenient"],
    "quoted": ['handling="lenient"'],
    "with a quoted pair": [r'handling="l\enient"'],
    "with blanks": ["  handling \t= lenient  "],
    "a list": ["return=minimal, handling=lenient"],
    "a list without blanks": ["wait=1,handling=lenient,respond-async"],
    "the second line": ["return=minimal", "handling=lenient"],
    "empty elements": [" , ,handling=lenient,"],
    "parameters": ["handling=lenient; why=because"],
    "parameters of another": ["foo; bar=1; baz, handling=lenient"],
    "first": ["handling=lenient, handling=strict"],
    "in the first line": ["handling=lenient", "handling=strict"],
    "behind a quoted comma": ['foo="a, b", handling=lenient'],
    "behind a quoted quote": [r'foo="a\", handling=strict", handling=lenient'],
    "behind an empty value": ['foo="", bar=, handling=lenient'],
}
STRICT = {
    "nothing": [],
    "an empty line": [""],
    "strict": ["handling=strict"],
    "strict first": ["handling=strict, handling=lenient"],
    "strict in the first line": ["handling=strict", "handling=lenient"],
    "strict in any case": ["Handling=STRICT", "handling=lenient"],
    "without a value first": ["handling, handling=lenient"],
    "an empty value first": ['handling="", handling=lenient'],
    "another value first": ["handling=other, handling=lenient"],
    "in quotes": ['foo="a, handling=lenient"'],
    "in quotes that do not end": ['foo="a, handling=lenient'],
    "a value that does not end": ['handling="lenient'],
    "a parameter": ["foo; handling=lenient"],
    "a parameter behind no name": ["; handling=lenient"],
    "another name": ["x-handling=lenient, handling-x=lenient"],
    "another value": ["handling=lenient-ish"],
    "no name": ["=lenient"],
    "a value of its own": ["lenient"],
}
CASES = {f"lenient: {name}": (lines, 201) for name, lines in LENIENT.items()} | {
    f"strict: {name}": (lines, 400) for name, lines in STRICT.items()
}


@pytest.mark.parametrize(("lines", "status"), CASES.values(), ids=CASES)
def test_the_first_handling_of_prefer_counts(http, settings, alice, lines, status):
    token = f"Bearer {make_token(alice, settings.jwt_secret)}"
    headers = [("Authorization", token), *(("Prefer", line) for line in lines)]
    response = http.post("/tasks", json={"title": "x", "color": "red"}, headers=headers)
    assert response.status_code == status


@pytest.mark.parametrize(
    "text", ['"' * 60_000, '\\"' * 30_000, 'a="' * 20_000, ", " * 30_000, 'a="\\' + "\\" * 60_000]
)
def test_a_hostile_preference_is_read_in_linear_time(text):
    """A pattern that tries each way to read it would not end."""
    scope = {"type": "http", "headers": [(b"prefer", text.encode()), (b"prefer", b"x=y")]}
    assert set(preferences(Request(scope))) <= {"a", "x"}
