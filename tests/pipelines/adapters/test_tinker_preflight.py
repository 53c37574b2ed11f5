import json
from pathlib import Path
from typing import Any

import pytest

from curator.errors import DataError
from pipelines.adapters.tinker_preflight import Preflight, preflight_dpo, preflight_sft, unusual
from pipelines.adapters.tinker_server.student import make_student


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tinker_cookbook import renderers
    from tinker_cookbook.tokenizer_utils import get_tokenizer

    folder = make_student(tmp_path_factory.mktemp("base"), ["some words to learn from"], 0, vocabulary=300)
    return renderers.get_renderer("qwen3_instruct", get_tokenizer(str(folder)))


def row(text: str = "hello", answer: str | None = "en") -> dict[str, Any]:
    answers = [] if answer is None else [{"role": "assistant", "content": answer}]
    return {"messages": [{"role": "user", "content": text}, *answers]}


def pair(label: object = "A", first: str = "en", second: str = "fr", text: str = "hello") -> dict[str, Any]:
    sides = {f"completion_{name}": [{"role": "assistant", "content": c}] for name, c in (("A", first), ("B", second))}
    return {"comparison": {"prompt_conversation": [{"role": "user", "content": text}], **sides}, "label": label}


def write(file: Path, rows: list[Any]) -> Path:
    file.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return file


def sft(tmp_path: Path, renderer: Any, rows: list[Any], batch_size: int = 2, max_length: int = 64) -> Preflight:
    return preflight_sft(write(tmp_path / "t.jsonl", rows), renderer, batch_size=batch_size, max_length=max_length)


def dpo(tmp_path: Path, renderer: Any, rows: list[Any], batch_size: int = 2, max_length: int = 64) -> Preflight:
    return preflight_dpo(write(tmp_path / "p.jsonl", rows), renderer, batch_size=batch_size, max_length=max_length)


def test_a_good_file_passes_and_is_counted(tmp_path: Path, renderer: Any) -> None:
    seen = sft(tmp_path, renderer, [row()] * 6)
    assert (seen.rows, seen.batch_size, seen.dropped, seen.steps_an_epoch, seen.notes) == (6, 2, 0, 3, ())
    assert 0 < seen.longest <= 64


def test_fewer_rows_than_a_batch_shrink_the_batch_and_say_so(tmp_path: Path, renderer: Any) -> None:
    seen = sft(tmp_path, renderer, [row()] * 3, batch_size=8)
    assert seen.batch_size == 3
    assert seen.steps_an_epoch == 1
    assert "3 rows are fewer than the batch size 8" in seen.notes[0]


def test_a_dropped_remainder_is_reported(tmp_path: Path, renderer: Any) -> None:
    seen = sft(tmp_path, renderer, [row()] * 7, batch_size=4)
    assert seen.dropped == 3
    assert "3 of 7 rows do not fill a batch of 4" in seen.notes[0]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("", r"1 row blank.* \(line 2\)"),
        ("{", r"1 row not JSON .*\(line 2\)"),
        ("[]", r"1 row not a JSON object \(line 2\)"),
        ({"prompt": "x"}, r"'messages' \(line 2\)"),
        (row(answer=None), r"without an assistant turn, which train nothing \(line 2\)"),
        (row(answer="  "), r"empty assistant turn \(line 2\)"),
        ({"messages": [{"role": "human", "content": "x"}]}, r"role is not one of .*\(line 2\)"),
        ({"messages": [{"role": "user", "content": None}]}, r"without content \(line 2\)"),
        (row(text="long " * 60), r"max_length 64 tokens.*loses the answer.*\(line 2\)"),
    ],
)
def test_a_row_that_would_train_nothing_is_refused_with_its_line(
    tmp_path: Path, renderer: Any, bad: Any, reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        sft(tmp_path, renderer, [row(), bad, row()])


def test_all_problems_come_at_once_with_their_counts(tmp_path: Path, renderer: Any) -> None:
    with pytest.raises(DataError, match=r"7 rows without an assistant turn.*\(line 1, 2, 3, 4, 5, …\); 1 row blank"):
        sft(tmp_path, renderer, [*[row(answer=None)] * 7, ""])


def test_an_empty_or_missing_file_is_refused(tmp_path: Path, renderer: Any) -> None:
    with pytest.raises(DataError, match="nothing would be trained"):
        sft(tmp_path, renderer, [])
    with pytest.raises(DataError, match="no such file"):
        preflight_sft(tmp_path / "none.jsonl", renderer, batch_size=2, max_length=64)
    with pytest.raises(DataError, match="batch_size 0"):
        sft(tmp_path, renderer, [row()], batch_size=0)


def test_a_long_row_is_fine_where_only_what_follows_the_answer_is_cut(tmp_path: Path, renderer: Any) -> None:
    messages = [*row()["messages"], {"role": "user", "content": "thanks " * 60}]
    seen = sft(tmp_path, renderer, [{"messages": messages}] * 2)
    assert seen.longest > 64


def test_good_pairs_pass(tmp_path: Path, renderer: Any) -> None:
    assert dpo(tmp_path, renderer, [pair("A"), pair("B")]).steps_an_epoch == 1


@pytest.mark.parametrize("label", ["Tie", "a", "chosen", None, 1])
def test_a_label_that_would_count_as_a_win_for_b_is_refused(tmp_path: Path, renderer: Any, label: object) -> None:
    with pytest.raises(DataError, match=r"which would train as a win for B: expected \"A\" or \"B\".*\(line 2\)"):
        dpo(tmp_path, renderer, [pair(), pair(label)])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "without a 'comparison'"),
        (pair(first="en", second="en"), "two completions are equal"),
        (pair(second=""), "empty assistant turn"),
        (pair(second="long " * 60), "max_length 64"),
    ],
)
def test_a_pair_that_teaches_nothing_is_refused_with_its_line(
    tmp_path: Path, renderer: Any, bad: Any, reason: str
) -> None:
    with pytest.raises(DataError, match=reason + r".*\(line 2\)"):
        dpo(tmp_path, renderer, [pair(), bad])


def test_unusual_settings_are_told_in_words_and_usual_ones_are_not() -> None:
    assert unusual(rate=2e-4, usual_rate=1e-4, beta=None, steps=200) == ()
    high, beta, few = unusual(rate=0.5, usual_rate=1e-4, beta=5.0, steps=2)
    assert high == "learning rate 0.5 is over ten times above what suits this model (0.0001): it may diverge"
    assert beta.startswith("beta 5 is outside 0.01 to 1")
    assert few.startswith("only 2 optimizer steps")
    assert "may learn nothing" in unusual(rate=1e-7, usual_rate=1e-4, beta=None, steps=200)[0]
