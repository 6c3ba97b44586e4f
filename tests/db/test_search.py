"""The keys of a task and the query of a search: whatever stands in a title finds it."""

import re
import sys
import unicodedata
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings

from tests.choices import Choices, chosen
from tests.thorough import THOROUGH, examples

# Of several searches, those that do not find the title.
MISSING = """
  with made as materialized (select app.search_vector($1, $2, null, '{}') as keys)
  select q from made, unnest($3::text[]) as q where not keys @@ app.search_query($1, q)
"""

WORDS = [
    "team", "Meetings", "running", "O'Brien", "don't", "l'école", "dell’arte", "qu'il",
    "rock'n'roll", "D'Angelo", "or", "and", "the", "AT&T", "v2.0.1-rc1", "10:30", "1e5", "24/7",
    "50%", "snake_case", "camelCase", "C++", ".NET", "naïve", "Straße", "ŒUVRE", "ﬁne", "第3章",
    "2026年1月の予定", "明日meeting", "買い物", "ｶﾞｲﾄﾞ", "ガイド", "한글", "ㅎㅏ", "ซื้อของ", "й",
    "Ёлка", "ΟΔΟΣ", "м'ята", "أَحْمَد", "مؤتمر", "ﷺ", "שָׁלוֹם", "हिन्दी", "İstanbul", "🎂",
    "👩‍👩‍👧", "👍🏽", "1️⃣", "①½²", "ＦＵＬＬ", "ˈˌ", "‐–—−", "x\u00ady", "zero\u200bwidth",
]  # fmt: skip
SIGNS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”„«»’ʼ´¨€°→…·。、「」\u00a0\u3000\t\u0301\u3099")
FEW_LETTERS = "abz019éñ"
FORMS = ["", "NFC", "NFD", "NFKC"]


@cache
def letters() -> list[str]:
    signs = map(chr, range(1, sys.maxunicode + 1))
    return [sign for sign in signs if unicodedata.category(sign) not in {"Cs", "Cn", "Co"}]


def title(choices: Choices) -> str:
    """A title as a task can have it, in a normal form where one is named."""
    words = [word(choices) for _ in range(choices.among([1, 1, 2, 2, 3, 4, 5]))]
    form = choices.among(FORMS)
    text = " ".join(words)
    return (unicodedata.normalize(form, text) if form else text)[:200].strip() or "a"


def word(choices: Choices) -> str:
    """What stands without a blank, or with one that is no space: up to four parts of any kind."""
    return "".join(part(choices) for _ in range(choices.among([1, 1, 1, 2, 2, 3, 4, 0])))


def part(choices: Choices) -> str:
    kind = choices.among(["few letters", "words", "signs", "letters"])
    if kind in {"words", "signs"}:
        return choices.among(WORDS if kind == "words" else SIGNS)
    options = FEW_LETTERS if kind == "few letters" else letters()
    return "".join(choices.among(options) for _ in range(choices.among([1, 2, 3])))


TITLES = chosen(50, title)


def searches(title: str) -> list[str]:
    """The title, each part of it, and each beginning of its last part, alone and after the others."""
    parts = title.split() or [title]
    last = parts[-1]
    begun = title[: len(title) - len(last)]
    typed = [last[:end] for end in range(1, len(last) + 1)]
    queries = dict.fromkeys((title, *parts, *typed, *(begun + part for part in typed)))
    return [query for query in queries if is_visible(query)]


FILLERS = "\u0640\u115f\u1160🏻🏼🏽🏾🏿"
"""What stretches or colours its neighbour, and alone is nothing: the tatweel, Hangul fillers, skins."""


def is_visible(text: str) -> bool:
    """Whether it has more than blanks, fillers, and marks and formats that belong to no letter.

    ™ and ℠ are two letters by their form, and part words as a blank does.
    """
    return any(
        unicodedata.category(sign)[0] not in "MZC" and sign not in FILLERS
        for sign in unicodedata.normalize("NFKD", re.sub("[™℠]", " ", text))
    )


EACH = """
  select title from unnest($2::text[]) as title
  where not app.search_vector($1, title, null, '{}') @@ app.search_query($1, title)
"""


@pytest.mark.thorough
def test_each_letter_and_sign_of_unicode_finds_itself(as_superuser):
    """Each thirtieth, in make test."""
    visible = list(filter(is_visible, letters()))
    assert as_superuser.column(EACH, "alice", visible[:: 1 if THOROUGH else 30]) == []


@pytest.mark.thorough
@settings(
    max_examples=examples(200, 4_000),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TITLES)
def test_what_stands_in_a_title_finds_it_also_while_it_is_typed(as_superuser, title):
    queries = searches(title)
    assert as_superuser.column(MISSING, "alice", title, queries) == []


LETTERS_WITHOUT_BLANKS = ["x", "ж", "하", "ク", "ﷺ", "𠀀", "𝕏", "🎂", "𐍈", "ﬃ", "x-", "'", "l'é"]


@pytest.mark.parametrize("letters", LETTERS_WITHOUT_BLANKS)
def test_a_text_without_a_blank_fits_the_index_and_is_found(as_superuser, client, alice, letters):
    """A key of the index has at most 2,046 bytes, and a letter up to 36 in its form."""
    text = letters * 2000
    title = text[:198]
    client(alice).create(title=f"a {title}", description=text[:2000])
    client(alice).create(title="another")
    for query in (title, f"a {title}", title[:100], f"a {title[:-1]}"):
        assert client(alice).page(q=query)["total"] == 1
    keys = "select unnest(tsvector_to_array(keys)) from app.search_entries where user_id = $1"
    assert max(len(key.encode()) for key in as_superuser.column(keys, alice)) < 2046
