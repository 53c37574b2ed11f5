"""Vectors are files that never change, and an index that names them only once they are whole."""

from pathlib import Path

import numpy as np
import pytest

from curator.errors import DataError, NotEnoughDataError
from storage.dataset import vectors
from storage.engine.store import Store


def made(count: int, seed: int = 0) -> np.ndarray:
    """Vectors that stay as they are when they are brought to unit length: one axis each."""
    return np.eye(4, dtype=np.float32)[np.random.default_rng(seed).permutation(4)[:count]]


def files(store: Store) -> list[Path]:
    return sorted(p for p in (store.folder / "vectors").rglob("*") if p.is_file())


def test_vectors_come_back_in_the_order_asked_for(store: Store) -> None:
    first, second = made(3), made(2, 1)
    vectors.add(store, "enc", "r1", ["a", "b", "c"], first)
    vectors.add(store, "enc", "r1", ["d", "e"], second)
    loaded = vectors.load(store, "enc", "r1", ["e", "a", "e", "c"])
    np.testing.assert_array_equal(loaded, np.stack([second[1], first[0], second[1], first[2]]))
    assert loaded.dtype == np.float32
    assert vectors.missing(store, "enc", "r1", ["a", "x", "x", "e", "y"]) == ["x", "y"]


def test_encoders_and_revisions_are_kept_apart(store: Store) -> None:
    vectors.add(store, "org/enc", "r1", ["a"], made(1))
    vectors.add(store, "org/enc", "r2", ["a"], made(1, 1))
    assert vectors.encoders(store) == [("org/enc", "r2"), ("org/enc", "r1")]
    assert not np.array_equal(vectors.load(store, "org/enc", "r1", ["a"]), vectors.load(store, "org/enc", "r2", ["a"]))
    assert all((store.folder / "vectors") in p.parents for p in files(store))


def test_the_encoder_in_use_is_the_newest_that_has_every_text(store: Store) -> None:
    assert vectors.complete(store, ["a"]) is None
    vectors.add(store, "org/enc", "r1", ["a", "b"], made(2))
    vectors.add(store, "org/enc", "r2", ["a"], made(1, 1))
    assert vectors.complete(store, ["a"]) == ("org/enc", "r2")
    assert vectors.complete(store, ["a", "b"]) == ("org/enc", "r1")
    assert vectors.complete(store, ["a", "b", "c"]) is None


def test_a_run_killed_between_the_file_and_its_index_loses_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors.add(store, "enc", "r1", ["a"], made(1))

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        vectors.add(store, "enc", "r1", ["b", "c"], made(2, 1))
    monkeypatch.undo()
    assert len(files(store)) == 2, "the file is there, and nothing speaks of it"
    assert vectors.missing(store, "enc", "r1", ["a", "b", "c"]) == ["b", "c"]
    vectors.add(store, "enc", "r1", ["b", "c"], made(2, 1))
    np.testing.assert_array_equal(vectors.load(store, "enc", "r1", ["a", "b", "c"]), np.vstack([made(1), made(2, 1)]))


def test_a_run_killed_while_it_writes_the_file_leaves_no_file_that_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(handle: object, _: object) -> None:
        handle.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        vectors.add(store, "enc", "r1", ["a"], made(1))
    monkeypatch.undo()
    assert not [p for p in files(store) if not p.name.startswith(".")]
    vectors.add(store, "enc", "r1", ["a"], made(1))
    np.testing.assert_array_equal(vectors.load(store, "enc", "r1", ["a"]), made(1))


def test_a_written_file_never_changes(store: Store) -> None:
    vectors.add(store, "enc", "r1", ["a", "b"], made(2))
    before = {p: p.read_bytes() for p in files(store)}
    vectors.add(store, "enc", "r1", ["c"], made(1, 1))
    vectors.load(store, "enc", "r1", ["a", "b", "c"])[:] = 0
    assert {p: p.read_bytes() for p in before} == before


def test_rows_without_a_vector_are_not_made_up(store: Store) -> None:
    vectors.add(store, "enc", "r1", ["a"], made(1))
    with pytest.raises(NotEnoughDataError, match="1 of 2 rows have no vector of enc"):
        vectors.load(store, "enc", "r1", ["a", "b"])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_refused(store: Store, bad: float) -> None:
    broken = made(2)
    broken[1, 2] = bad
    with pytest.raises(DataError, match="not finite"):
        vectors.add(store, "enc", "r1", ["a", "b"], broken)
    assert files(store) == [] if (store.folder / "vectors").exists() else True
