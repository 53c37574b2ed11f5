import json
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import DataError, RequestError
from curator.release import file_fact, look
from curator.release.carriage import turns_of
from curator.release.companions import companions
from curator.release.encoding import parquet_lines
from curator.release.formats import FORMATS, render
from curator.release.rows import DpoRow, SftRow, chosen_is_a
from tests.curator.manifest_parts import make

PLAIN = {"tinker", "openai", "together", "trl", "axolotl", "mistral", "torchtune"}
"""Formats whose rows are turns of `role` and `content`, in any order of roles."""
JSONL = [name for name in FORMATS if name in PLAIN - {"torchtune"}]  # which takes one turn of the assistant
MASKS = {"weight", "train", "loss", "trainable"}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
IDS = st.integers(0, 99).map("ex{}".format)
PROMPTS = st.builds(
    lambda system, turns, last: (*system, *turns, ("user", last)),
    st.one_of(st.just(()), TEXT.map(lambda text: (("system", text),))),
    st.lists(st.tuples(TEXT, TEXT), max_size=2).map(
        lambda pairs: tuple(turn for ask, say in pairs for turn in (("user", ask), ("assistant", say)))
    ),
    TEXT,
)
SFT_ROWS = st.lists(
    st.builds(lambda i, prompt, answer: SftRow(i, turns_of(*prompt, ("assistant", answer))), IDS, PROMPTS, TEXT),
    max_size=4,
)
DPO_ROWS = st.lists(
    st.tuples(IDS, PROMPTS, TEXT, TEXT)
    .filter(lambda t: t[2].strip() != t[3].strip())
    .map(lambda t: DpoRow(t[0], turns_of(*t[1]), *t[2:])),
    max_size=4,
)


def pairs_of(messages):
    return tuple((each.role, each.text) for each in messages)


def turns(messages):
    assert all([key for key in each if key not in MASKS] == ["role", "content"] for each in messages)
    return tuple((each["role"], each["content"]) for each in messages)


def read_sft(row):
    return turns(row["messages"] if "messages" in row else row["prompt"] + row["completion"])


def read_dpo(row):
    """The prompt, the preferred and the rejected answer, as each trainer's documentation reads them."""
    if "comparison" in row:
        sides = row["comparison"]
        chosen, rejected = sides["completion_A"], sides["completion_B"]
        if row["label"] != "A":
            chosen, rejected = rejected, chosen
        prompt = sides["prompt_conversation"]
    elif "input" in row:
        prompt, chosen, rejected = row["input"]["messages"], row["preferred_output"], row["non_preferred_output"]
    elif "messages" not in row and "prompt" not in row:
        prompt, chosen, rejected = row["chosen"][:-1], row["chosen"][-1:], row["rejected"][-1:]
        assert prompt == row["rejected"][:-1]
    else:
        prompt, chosen, rejected = row.get("messages", row.get("prompt")), row["chosen"], row["rejected"]
    one, other = (each[0] if isinstance(each, list) else each for each in (chosen, rejected))
    assert one["role"] == other["role"] == "assistant"
    return turns(prompt), one["content"], other["content"]


@pytest.mark.parametrize("name", JSONL)
@given(rows=SFT_ROWS)
@settings(max_examples=40, deadline=None)
def test_sft_rows_come_back_as_they_went_in(name, rows):
    path, data = render(name, "sft", "train", rows)
    assert path == f"{name}/sft/train.jsonl"
    assert [read_sft(json.loads(line)) for line in data.splitlines()] == [pairs_of(row.messages) for row in rows]
    # Text mode, as the trainers read it, and Unicode line breaks give the same number of lines.
    assert len(data.decode().splitlines()) == len(rows)
    assert data == b"" or data.endswith(b"}\n")
    assert render(name, "sft", "train", list(rows))[1] == data


@pytest.mark.parametrize("name", [name for name in JSONL if FORMATS[name].dpo])
@given(rows=DPO_ROWS)
@settings(max_examples=40, deadline=None)
def test_dpo_rows_come_back_as_they_went_in(name, rows):
    path, data = render(name, "dpo", "test", rows)
    assert path == f"{name}/dpo/test.jsonl"
    back = [read_dpo(json.loads(line)) for line in data.splitlines()]
    assert back == [(pairs_of(row.prompt), row.chosen, row.rejected) for row in rows]


@given(SFT_ROWS.filter(bool), DPO_ROWS.filter(bool))
@settings(max_examples=40, deadline=None)
def test_parquet_tables_come_back_as_they_went_in_with_the_same_bytes_each_time(sft, dpo):
    path, data = render("parquet", "sft", "train", sft)
    assert path == "parquet/sft/train.parquet"
    assert data == render("parquet", "sft", "train", sft)[1]
    back = [json.loads(line) for line in parquet_lines(data)]
    assert [(row["example_id"], turns(row["messages"])) for row in back] == [
        (r.example_id, pairs_of(r.messages)) for r in sft
    ]
    table = pl.read_parquet(render("parquet", "dpo", "train", dpo)[1])
    assert table.columns == ["example_id", "prompt", "chosen", "rejected"]
    assert [answer[0]["content"] for answer in table["chosen"]] == [row.chosen for row in dpo]


def test_the_sides_of_a_tinker_comparison_are_mixed_and_fixed_for_each_pair():
    rows = [DpoRow(f"ex{i}", turns_of(("user", "q")), "good", "bad") for i in range(200)]
    sides = Counter(chosen_is_a(row) for row in rows)
    assert 70 <= sides[True] <= 130
    assert [chosen_is_a(row) for row in reversed(rows)] == [chosen_is_a(row) for row in rows][::-1]


def test_the_bytes_of_a_small_file_are_exactly_these():
    row = SftRow("ex1", turns_of(("user", 'Grüße "du"\u2028'), ("assistant", "ok")))
    assert render("openai", "sft", "train", [row])[1] == (
        b'{"messages":[{"role":"user","content":"Gr\xc3\xbc\xc3\x9fe \\"du\\"\\u2028"},'
        b'{"role":"assistant","content":"ok"}]}\n'
    )


@pytest.mark.parametrize(
    "build",
    [
        lambda: SftRow("ex9", turns_of(("user", "q"))),
        lambda: SftRow("ex9", turns_of(("assistant", "a"))),
        lambda: SftRow("ex9", turns_of(("user", "q"), ("assistant", " "))),
        lambda: DpoRow("ex9", turns_of(("user", "q"), ("assistant", "a")), "x", "y"),
        lambda: DpoRow("ex9", turns_of(("user", "q")), "x", " x"),
        lambda: DpoRow("ex9", turns_of(), "x", "y"),
    ],
)
def test_a_row_that_cannot_be_trained_on_cannot_be_made(build):
    with pytest.raises(DataError, match="ex9"):
        build()


def test_a_lone_surrogate_is_refused_by_its_row():
    good = SftRow("ex1", turns_of(("user", "q"), ("assistant", "a")))
    bad = SftRow("ex2", turns_of(("user", "\ud800"), ("assistant", "a")))
    with pytest.raises(DataError, match="row 2"):
        render("tinker", "sft", "train", [good, bad])
    with pytest.raises(DataError, match="Parquet"):
        render("parquet", "sft", "train", [good, bad])


def test_wrong_requests_name_what_there_is():
    with pytest.raises(RequestError, match="choose from tinker"):
        render("csv", "sft", "train", [])
    with pytest.raises(RequestError, match="no dpo files"):
        render("mistral", "dpo", "train", [])
    with pytest.raises(DataError, match="not of stage dpo"):
        render("tinker", "dpo", "train", [SftRow("ex1", turns_of(("user", "q"), ("assistant", "a")))])


def test_something_that_is_no_parquet_file_is_refused():
    with pytest.raises(DataError, match="Parquet"):
        parquet_lines(b"PAR1 nonsense")


def test_llama_factory_gets_an_index_of_its_files_and_tinker_a_card_alone():
    files = {stage: render("llama-factory", stage, "train", rows) for stage, rows in (("sft", SFT), ("dpo", DPO))}
    facts = [file_fact(path, data, 1) for path, data in files.values()]
    looks = {path: look(data) for path, data in files.values()}
    made = companions(make(files=facts, looks=looks, settings={"formats": ["llama-factory"], "layout": 2}))
    index = json.loads(made["llama-factory/dataset_info.json"])
    assert index["bank_sft_train"]["file_name"] == "sft/train.jsonl"
    assert index["bank_dpo_train"]["ranking"] is True
    assert index["bank_dpo_train"]["columns"] == {"messages": "messages", "chosen": "chosen", "rejected": "rejected"}
    assert list(companions(make(settings={"formats": ["tinker"], "layout": 2}))) == ["tinker/README.md"]


SFT = [SftRow("ex1", turns_of(("user", "q"), ("assistant", "a")))]
DPO = [DpoRow("ex1", turns_of(("user", "q")), "a", "b")]
