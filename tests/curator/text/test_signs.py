import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.text import NEGATION_LANGUAGES, marks, normalise, same_text
from curator.text.negations import count_negations
from curator.text.signs import signs_in

DIFFERENT = [
    ("if (!ok) return", "if (ok) return"),
    ("return x", "return !x"),
    ("a & b", "a && b"),
    ("f(x, y)", "f(x), y"),
    ("rm -rf /srv/x", "rm -rf ./srv/x"),
    ("cd ../x", "cd x"),
    ("~/x", "/x"),
    ("cd .", "cd .."),
    ("name LIKE 'a%'", "name LIKE '%a'"),
    ("ls -a", "ls -A"),
    ("grep -v foo", "grep -V foo"),
    ("a -b", "a b"),
    (":)", ":("),
    ("great :-)", "great :-("),
    ("nice:)", "nice:("),
    ("great :)", "great"),
    ("sure ;)", "sure :)"),
    ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
    ("a:\n  b: 1\nc: 2", "a:\n  b: 1\n  c: 2"),
    ("- a\n  - b\n- c", "- a\n- b\n- c"),
    ("```\nx y\n```", "```\nx, y\n```"),
    ("temperature -5 degrees", "temperature 5 degrees"),
    ("it is (-5)", "it is (5)"),
    ("x=-5", "x=5"),
    ("pay 5%", "pay 5"),
    ("pay 1.5", "pay 1 5"),
    ("10⁵ rows", "105 rows"),
    ("$5", "€5"),
    ("I work in IT", "I work in it"),
    ("They told US so", "They told us so"),
    ("We met in May", "We met in may"),
    ("x = [1, 2]", "x = (1, 2)"),
    ("split('  ')", "split(' ')"),
    ("total = (a + b) * c", "total = a + (b * c)"),
    ("SELECT x FROM t WHERE (a = 1 OR b = 2) AND c = 3", "SELECT x FROM t WHERE a = 1 OR (b = 2 AND c = 3)"),
    ("http://a.org/c_d", "http://a.org/c-d"),
    ("write to a.b@x.org", "write to a-b@x.org"),
    ("my_card", "my card"),
    ("*p", "p"),
    ("&x", "x"),
    ("f(*a)", "f(**a)"),
    ("\\d+", "d+"),
    ("a\\b", "a/b"),
    ("C#", "C"),
    ("foo[i]", "foo(i)"),
    ("getName()", "getname()"),
    ("I ____ go", "I go"),
    ("{a: 1}", "[a: 1]"),
    ("i--", "i"),
    ("@me", "me"),
]
SAME = [
    ("Where is my card?", "WHERE IS MY CARD!!"),
    ("Is it (really) free, and/or cheap?", "is it really free and or cheap"),
    ("it's – well – gone...", "it’s - well - gone…"),
    ("“Paris”, she said", '"paris", she said'),
    ("my card(s)", "my card s"),
    ("**very** _important_", "very important"),
    ("- one\n- two", "one\ntwo"),
    ("5 % off", "5% off"),
    ("i need it", "I NEED it"),
    ("Order #123", "order 123"),
    ("at 12:30, 24/7", "At 12:30 24/7"),
    ("AT&T, my bill", "at&t my bill"),
    ("e.g. a.m.", "E.g. A.M."),
    ("f(x,  y)", "f(x, y)"),
    ("f( x,y )", "f(x, y)"),
    ("if (ok)  return", "if ( ok ) return"),
    ("Can you tell us", "can you tell us"),
    ("nice :-)", "nice :)"),
    ("Hm ... so", "hm so"),
    ("ok ?!", "ok"),
    ("Dear all:\nwhere is it", "Dear all: where is it"),
    ("你好，请问？", "你好 请问"),
    ("कहाँ है।", "कहाँ है"),
    ("¿Dónde está?", "dónde está"),
    ("(see below)", "see below"),
]


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_a_sign_that_changes_what_is_said_makes_another_text_and_no_near_one(left, right):
    assert same_text(left) != same_text(right)
    one, other = marks([left, right])
    assert normalise(left) != normalise(right) or not one.shared_by(other)


@pytest.mark.parametrize(("left", "right"), SAME)
def test_case_space_and_the_punctuation_of_prose_make_no_other_text(left, right):
    assert same_text(left) == same_text(right)


PROSE = st.lists(
    st.sampled_from(
        ["where", "card,", "please?", "and.", "(new)", "one!", "don't;", "well-known", "5", "1,000", "Paris"]
    ),
    min_size=1,
    max_size=9,
)


@given(PROSE, st.lists(st.sampled_from([" ", "  ", "\n", "\t", "\u00a0", " \n"]), min_size=9, max_size=9))
def test_prose_has_no_signs_however_it_is_spaced_and_written(words, spaces):
    text = "".join(word + space for word, space in zip(words, spaces, strict=False))
    assert signs_in(" ".join(text.split())) == ()
    assert same_text(text) == same_text(" ".join(words).upper()) == same_text(" ".join(words).lower())


def test_a_text_in_one_case_is_nearly_the_same_as_one_that_tells_case():
    plain, told, other = marks(["i work in it", "I work in IT", "I work in it"])
    assert plain.shared_by(told)
    assert plain.shared_by(other)
    assert not told.shared_by(other)


@pytest.mark.parametrize(
    "text",
    [
        "jag vet inte",
        "hon kommer aldrig",
        "saya tidak tahu",
        "itu bukan mobil saya",
        "jangan pergi",
        "אני לא יודע",
        "אין לי כרטיס",
        "من نمی‌دانم",
        "این کارت من نیست",
        "jeg ved det ikke",
        "nem tudom",
        "나는 돈이 없어요",
        "안 돼요",
    ],
)
def test_negations_of_further_languages_are_known(text):
    assert count_negations(normalise(text).split()) >= 1


def test_the_languages_whose_negations_are_claimed_are_named():
    assert {"English", "Swedish", "Indonesian, Malay", "Hebrew", "Persian", "Thai"} <= set(NEGATION_LANGUAGES)
    assert not any("Finnish" in name or "Turkish" in name for name in NEGATION_LANGUAGES)
