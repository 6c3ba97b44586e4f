"""``GET /tasks?q=``: whatever stands in a title finds that title, also while it is typed."""

import unicodedata

import pytest

# A title, and searches that find it.
FOUND = {
    # Signs inside a word.
    "Plan the team-building day": ["team-building", "team-buildi", "building", "day team-build"],
    "Order t-shirts": ["t-shirts", "t-shirt", "t-shi", "shirts"],
    "Weekly follow-ups": ["follow-ups", "follow-up", "followings or follow-u"],
    "Call Jean-Pierre": ["jean-pierre", "Jean-Pi", "pierre"],
    "See example.com/issues": ["example.com/issues", "example.com/iss", "example.com", "issues"],
    "Rename pull_requests": ["pull_requests", "pull_req", "requests"],
    "Write to user@example.com": ["user@example.com", "user@ex", "example.com"],
    "Read https://example.com/a?b=c&d=1#top": ["https://example.com/a?b=c&d=1#top", "https://exa", "d=1"],
    "Release v2.0.1-rc1": ["v2.0.1-rc1", "v2.0.1-r", "v2.0.1", "v2.0.", "v2"],
    "Edit main_test.tar.gz": ["main_test.tar.gz", "main_test.t", ".gz"],
    "Pay $1,299.50 (50%)": ["$1,299.50", "$1,299.5", "(50%)", "50%", "(50", "$", "%"],
    "Meet @bob at 10:30 #work": ["@bob", "@bo", "10:30", "10:3", "#work", "#wo", "#"],
    "Learn C++, C# and .NET": ["C++", "C#", "c++,", ".NET", ".ne", "++"],
    "Call O'Brien of AT&T": ["O'Brien", "obrien", "O’Brien", "O'Br", "AT&T", "AT&", "&"],
    "Rock'n'roll night 24/7": ["rock'n'roll", "rock'n'r", "rock'", "rocknroll", "24/7", "24/"],
    "Fix snake_case and camelCase": ["snake_case", "snake_c", "camelCase", "camelC"],
    "🎂 for 👩‍👩‍👧 and 👍🏽": ["🎂", "🎂 for", "👩‍👩‍👧", "👍", "👍🏽"],
    "A → B; 5 € ...": ["A → B", "→", "€", "5 €", "...", "A → B; 5 € ..."],
    # Signs in quotes.
    "milk - two": ['"-"', '"-', "“-”", 'milk "-"', '"-" or "+"', '"+" or "-"', '"+" or milk', '"- "'],
    "x -> y": ['"->"', '"-" ">"', '"->" y', '"→" or "->"', '"-" "'],
    "say “!?” 'n' \\ more": ['"!?"', '"?"', '"!" "?"', '"\\"', "\"'\""],
    # What means something in a search.
    "-5 degrees": ["-5 degrees", "-5", "-5 deg", "5 degrees"],
    "try rm -rf --verbose": ["rm -rf", "rm -r", "try rm -rf --verbose", "--verb"],
    'this or that, say "hi there" -"never ever"': [
        "this or that", "this or", "this o", 'say "hi', '"hi there"', 'that, say "hi there" -"never ever"',
    ],
    "or": ["or", "o", "OR"],
    'A 5" pipe': ['5" pipe', '5" pip', '"a 5" pi', '5"', '"'],
    "Buy milk": ['"buy" mil', '"buy mil', 'buy "mil', '"buy milk"', "“buy” mil", "«buy» mil"],
    # Letters and digits beside Chinese and Japanese.
    "第3章を読む": ["3", "3章", "第3", "第3章", "章"],
    "2026年1月の予定": ["1月", "2026", "1月の予", "年1"],
    "明日meetingがある": ["meeting", "明日", "meetin", "明日meet", "meetingが"],
    "买iPhone手机壳": ["iphone", "手机", "买iph"],
    # Forms of Unicode.
    "Ёлка, йогурт": ["йогурт", "йог", "елка"],
    "ガイドブック": ["ガイド", "ｶﾞｲﾄﾞ", "ブック"],
    "한글 공부": ["한글", "하", "한", "공"],
    "ＦＵＬＬ ｗｉｄｔｈ ①②": ["full width", "12", "ＦＵ"],
    "co\u00adoperate zero\u200bwidth": ["cooperate", "coop", "zerowidth", "zerow"],
    "أَحْمَد يكتب مؤتمر مدرسة": ["احمد", "أحمد", "مؤتمر", "موتمر", "مدرسه", "احم"],
    "كـتـاب على ٣": ["كتاب", "علي", "3"],
    "שָׁלוֹם": ["שלום", "שלו"],
    "ΟΔΟΣ": ["οδος", "οδό", "οδοσ"],
    # Elision and contraction.
    "Visiter l'école": ["école", "ecole", "l'école", "l’éc", "lecole", "l'", '"visiter l\'école"'],
    "Jusqu’à l’arc-en-ciel d'hier": ["arc-en-ciel", "l'arc-en-c", "hier", "jusqu'à", "jusqu'"],
    "Museo dell'arte e un'idea": ["arte", "dell'arte", "idea", "un'idea", "dellarte"],
    "don't panic": ["dont", "don't", "don’t pan", "donʼt", "don'"],
    "dont worry": ["don't", "don’t"],
    # No word is dropped, and English has its forms.
    "To do and not to do": ["to do", '"to do and"', "and not"],
    "Meetings about running": ["meeting", "meetings", "run", "runni", "meet ru"],
}  # fmt: skip

# A title, and searches that do not find it.
NOT_FOUND = {
    "Plan the team building day": ['"building team"', "building-team", "-team", "plan -building"],
    "Buy milk": ['"buy mil"', "buy -milk", '"milkshake"', '"milk buy"', "-buy"],
    "5 degrees": ["-5 degrees", "-5"],
    "say hi, never ever": ['hi -"never ever"'],
    "Learn C": ["++", "#", '"+"', '"++" or "#"', 'learn "+"'],
    "読章第": ['"第章"'],
    "Museo dell'arte": ['"museo arte"'],
    "12 and 3": ['"123"', '"13"'],
    "Meet": ["@", "\u0301", "\u200b", "¨"],
}


@pytest.mark.parametrize(
    ("title", "queries"), [*FOUND.items(), *((title, [title]) for title in NOT_FOUND)], ids=str
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_what_stands_in_a_title_finds_that_title(client, alice, title, queries, form):
    """The title in either normal form, and the searches in both."""
    title = unicodedata.normalize(form, title)
    client(alice).create(title=title)
    client(alice).create(title="Something else")
    for query in {
        unicodedata.normalize(form, query) for form in ("NFC", "NFD") for query in [title, *queries]
    }:
        assert title in client(alice).titles(q=query), query


@pytest.mark.parametrize(("title", "queries"), NOT_FOUND.items(), ids=str)
def test_what_does_not_stand_in_a_title_does_not_find_it(client, alice, title, queries):
    client(alice).create(title=title)
    for query in queries:
        assert client(alice).page(q=query)["total"] == 0, query


def test_a_search_without_any_word_finds_nothing_by_its_tags(client, alice):
    client(alice).create(tags=["home"])
    assert client(alice).page(q="\u200b", tags="home")["total"] == 0


def test_a_phrase_does_not_reach_from_title_into_description(client, alice):
    client(alice).create(title="Buy milk", description="and bread")
    assert client(alice).page(q='"milk and"')["total"] == 0
    assert client(alice).page(q="milk and bread")["total"] == 1


def test_a_title_that_has_the_word_with_its_minus_is_not_excluded(client, alice):
    for title in ("rm -rf", "rm rf", "rm it"):
        client(alice).create(title=title)
    assert sorted(client(alice).titles(q="rm -rf")) == ["rm -rf", "rm it"]


def test_word_forms_of_a_title_come_before_those_of_a_description(client, alice):
    client(alice).create(title="One", description="meetings")
    client(alice).create(title="Meetings")
    client(alice).create(title="Two", description="meeting")
    assert client(alice).titles(q="meeting")[0] == "Meetings"


def test_a_suggestion_is_a_word_in_composed_letters(client, alice):
    client(alice).create(title="프로젝트 회의록")
    response = client(alice).get("/tasks", params={"q": "프로젝투"})
    assert response.json()["total"] == 1
    assert response.headers["search-suggestion"] == "%ed%94%84%eb%a1%9c%ec%a0%9d%ed%8a%b8"
