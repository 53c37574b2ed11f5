"""Exactly the answer that was labelled is trained, in every format: what the assistant said before is kept out."""

import json

import pytest

from curator.records import answer_turn, read_turns
from curator.release import file_fact
from curator.release.carriage import turns_of
from curator.release.companions import companions
from curator.release.encoding import CHUNK, look, parquet_lines
from curator.release.formats import FORMATS, DpoRow, SftRow, cannot_carry, render, render_format
from tests.curator.manifest_parts import make
from tests.curator.release.layout_one_rows import PROMPTS, TOOLS

SHORT = SftRow("e0", turns_of(("user", "q"), ("assistant", "a")))
EARLIER = SftRow("e1", (*PROMPTS["earlier"], answer_turn("last")))
GIVEN = SftRow("e2", (*PROMPTS["weighed"], answer_turn("last")))


def lines(format, rows):
    path, data = render(format, "sft", "train", rows)
    return [json.loads(line) for line in (parquet_lines(data) if path.endswith(".parquet") else data.splitlines())]


def said(format, row):
    """What the assistant says in a row, and whether it is trained by what the row says."""
    field = FORMATS[format].carries.mask
    return [(turn["content"], turn.get(field)) for turn in row["messages"] if turn["role"] == "assistant"]


@pytest.mark.parametrize(
    ("format", "off", "on"),
    [
        ("openai", 0, 1),
        ("together", 0, 1),
        ("mistral", 0, 1),
        ("parquet", 0, 1),
        ("axolotl", False, True),
        ("ms-swift", False, True),
        ("tinker", False, True),
    ],
)
@pytest.mark.parametrize("row", [EARLIER, GIVEN], ids=["nothing said", "a weight said"])
def test_a_turn_before_the_answer_says_that_it_is_not_trained(format, off, on, row):
    assert said(format, lines(format, [row])[0]) == [("earlier", off), ("last", on)]


@pytest.mark.parametrize("format", ["tinker", "axolotl", "ms-swift"])
def test_a_table_has_the_field_in_every_row_or_in_none(format):
    short, _ = lines(format, [SHORT, EARLIER])
    assert said(format, short) == [("a", True)]
    assert said(format, lines(format, [SHORT])[0]) == [("a", None)]


def test_a_turn_of_the_user_says_so_too_where_the_trainer_asks_every_turn():
    assert [turn["trainable"] for turn in lines("tinker", [EARLIER])[0]["messages"]] == [
        False,
        False,
        False,
        False,
        True,
    ]


def test_trl_has_the_answer_alone_beside_the_prompt():
    (row,) = lines("trl", [EARLIER])
    assert [turn["content"] for turn in row["completion"]] == ["last"]


def test_a_format_that_cannot_say_it_refuses_the_row():
    assert cannot_carry("sharegpt", EARLIER) == "a turn of the assistant before the answer, which it would train"
    assert cannot_carry("torchtune", EARLIER) == cannot_carry("sharegpt", EARLIER)
    pair = DpoRow("e1", PROMPTS["earlier"], "good", "bad")
    assert cannot_carry("torchtune", pair) is not None  # it takes the loss on every turn of the assistant there
    assert cannot_carry("sharegpt", pair) is None  # preferences train their two answers and no turn before


@pytest.mark.parametrize(
    ("format", "words"),
    [
        ("llama-factory", "mask_history: true"),
        ("axolotl", "train"),
    ],
)
def test_what_the_file_cannot_say_the_configuration_beside_it_says(format, words):
    path, data = render(format, "sft", "train", [EARLIER])
    manifest = make(
        files=[file_fact(path, data, 1)], settings={"formats": [format], "layout": 2}, looks={path: look(data)}
    )
    assert words in companions(manifest)[f"{format}/train-sft.yaml"].decode()


def test_a_preference_says_nothing_of_turns_that_no_trainer_trains():
    for name, each in FORMATS.items():
        if each.dpo is not None:
            pair = DpoRow("e2", PROMPTS["weighed" if name != "torchtune" else "plain"], "good", "bad")
            data = render(name, "dpo", "train", [pair])[1]
            assert not {b'"weight"', b'"train"', b'"loss"', b'"trainable"'} & set(data.replace(b":", b" ").split())


CALLED = SftRow(
    "e3", (*read_turns([{"role": "user", "content": "q"}]), *PROMPTS["called"][1:], answer_turn("y")), TOOLS
)


def test_llama_factory_carries_tools_as_turns_of_their_own():
    (row,) = lines("llama-factory", [CALLED])
    assert [(turn["role"], turn["content"]) for turn in row["messages"]] == [
        ("user", "q"),
        ("function_call", '{"name":"find","arguments":{"a":1}}'),
        ("observation", "found"),
        ("assistant", "y"),
    ]
    assert json.loads(row["tools"])[0]["function"]["name"] == "find"


def test_parquet_carries_tools_images_and_names():
    named = SftRow("e4", (*PROMPTS["called"], answer_turn("y")), TOOLS)
    seen = SftRow("e5", (*PROMPTS["parts"], answer_turn("z")))
    first, second = lines("parquet", [named, seen])
    assert first["messages"][0]["name"] == "ana"
    assert first["messages"][1]["tool_calls"][0]["function"] == {"name": "find", "arguments": '{"a": 1}'}
    assert json.loads(first["tools"]) == json.loads(TOOLS)
    assert second["messages"][0]["content"][1]["image_url"] == {"url": "https://example.org/a.png"}
    # One column has one type: where one row has parts, each content is a list of them.
    assert first["messages"][0]["content"] == [{"type": "text", "text": "q"}]


def test_kto_takes_each_answer_of_a_pair_alone():
    data = render("kto", "dpo", "train", [DpoRow("e1", PROMPTS["plain"], "good", "bad")])[1]
    assert [(row["completion"][0]["content"], row["label"]) for row in map(json.loads, data.splitlines())] == [
        ("good", True),
        ("bad", False),
    ]


DATES = [SftRow(f"e{n}", turns_of(("user", f"when {n}"), ("assistant", f"2024-01-{n:02}"))) for n in range(1, 9)]


@pytest.mark.parametrize("format", [name for name, each in FORMATS.items() if each.guessed and each.sft])
def test_a_file_whose_texts_a_guessing_reader_would_take_for_dates_is_a_typed_table(format):
    both = {("sft", "train"): DATES, ("sft", "test"): [SHORT]}
    suffixes = {path.rpartition(".")[2] for path in render_format(format, both)}
    assert suffixes == ({"parquet"} if format == "trl" else {"jsonl"})  # elsewhere questions stand in the same place
    asked = [SftRow("e", turns_of(("user", f"2024-01-{n:02}"), ("assistant", f"2024-02-{n:02}"))) for n in range(1, 9)]
    path, data = render(format, "sft", "train", asked)
    assert path.endswith(".parquet")
    assert [json.loads(line) for line in parquet_lines(data)] == [
        json.loads(line) for line in render("openai", "sft", "train", asked)[1].splitlines()
    ] or format in ("trl", "sharegpt")


@pytest.mark.parametrize(
    ("texts", "dates"),
    [
        (["2024-01-01", "2024-02-03"], True),
        (["2024-01-01T10:00:00", "2024-01-01 10:00"], True),
        (["2024-01-01T10:00:00+02:00"], True),
        (["2024-01-01", "no date"], False),
        (["2024-13-01", "2024-01-01"], False),
        (["10:00:00", "11:00"], False),
        (["007", "12"], False),
        (["null", "true", "[1]"], False),
    ],
)
def test_dates_are_seen_as_the_reader_sees_them(texts, dates):
    rows = [SftRow("e", turns_of(("user", f"q{n}"), ("assistant", text))) for n, text in enumerate(texts)]
    assert render("trl", "sft", "train", rows)[0].endswith(".parquet") is dates


def test_dates_of_one_stretch_of_a_long_file_are_seen_though_others_follow():
    line = b'{"a":"2024-01-01","b":"%s"}\n' % (b"x" * 1000)
    other = b'{"a":"text","b":"x"}\n'
    assert look(other + line * (CHUNK // len(line) // 2)).dates is None
    assert look(line * (CHUNK // len(line) + 2) + other).dates == "a"
    assert look(other + line * (3 * CHUNK // len(line))).dates == "a"
