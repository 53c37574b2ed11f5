import polars as pl
import pytest

from pipelines import splits


def test_the_same_rows_are_compared_once_and_others_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = splits.near_pairs
    monkeypatch.setattr(splits, "near_pairs", lambda texts, **rest: asked.append(len(texts)) or real(texts, **rest))
    rows = pl.DataFrame(
        {
            "example_id": ["a", "b", "c"],
            "text": ["Where is my card?", "where is  my card", "Hi"],
            "context": [None] * 3,
        },
        schema={"example_id": pl.String, "text": pl.String, "context": pl.String},
    )
    alike = splits.Alike()
    first = alike.groups(rows, [])
    assert first == {"a": "a", "b": "a"}
    assert alike.groups(rows.clone(), []) == first
    assert asked == [3]
    assert alike.groups(rows[:1], []) == {}
    assert alike.groups(rows[:1], ["select 1"]) == {}
    assert asked == [3, 1, 1]
