"""The keys of a task and the query of a search: whatever stands in a title finds it."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.thorough import examples

# Of several searches, those that do not find the title.
MISSING = """
  select q from unnest($3::text[]) as q
  where not app.search_vector($1, $2, null, '{}') @@ app.search_query($1, q)
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
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cn", "Co"), exclude_characters="\x00")
PARTS = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(SIGNS),
        st.text("abz019éñ", max_size=3),
        st.text(LETTERS, max_size=3),
    ),
    max_size=4,
).map("".join)


def written(title: str, form: str) -> str:
    """The title as a task can have it, in a normal form where one is named."""
    return (unicodedata.normalize(form, title) if form else title)[:200].strip()


TITLES = st.builds(
    written,
    st.lists(PARTS, min_size=1, max_size=5).map(" ".join),
    st.sampled_from(["", "NFC", "NFD", "NFKC"]),
).filter(bool)


def searches(title: str) -> list[str]:
    """The title, each part of it, and each beginning of its last part, alone and after the others."""
    parts = title.split() or [title]
    last = parts[-1]
    begun = title[: len(title) - len(last)]
    typed = [last[:end] for end in range(1, len(last) + 1)]
    return [
        query for query in (title, *parts, *typed, *(begun + part for part in typed)) if is_visible(query)
    ]


def is_visible(text: str) -> bool:
    """Whether it has more than blanks, fillers, and marks and formats that belong to no letter."""
    return any(
        unicodedata.category(sign)[0] not in "MZC" and sign not in "\u115f\u1160🏻🏼🏽🏾🏿"
        for sign in unicodedata.normalize("NFKD", text)
    )


@pytest.mark.thorough
@settings(
    max_examples=examples(200, 10_000),
    deadline=None,
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
