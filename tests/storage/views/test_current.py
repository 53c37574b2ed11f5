"""Current labels of one state are worked out once, and a newer state is seen at once."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.analysis import decide
from storage.engine.store import Store
from storage.views import current as views
from tests.sample_project import make_project


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_project(tmp_path / "project", rows=30).store


def exclude(store: Store, example: str) -> None:
    line = {"example_ids": [example], "action": "exclude", "reviewer": "ana", "reason": "junk"}
    decide.apply([(1, line, None)], "support", store, source=example)


def test_a_new_decision_is_seen_and_the_past_stays_as_it_was(store: Store) -> None:
    before = views.current(store, "support")
    then = views.state_seq(store, "support")
    exclude(store, before["example_id"][0])
    assert views.current(store, "support")["out"][0] == "excluded"
    assert views.overview(store, "support").out == {"excluded": 1}
    assert views.current(store, "support", as_of=then).equals(before)


def test_what_a_caller_does_to_its_frame_or_summary_stays_with_the_caller(store: Store) -> None:
    mine = views.current(store, "support")
    mine.insert_column(0, pl.Series("mine", [1] * mine.height))
    assert "mine" not in views.current(store, "support").columns
    with pytest.raises(TypeError):
        views.overview(store, "support").labels["mine"] = 1  # type: ignore[index]


def test_another_store_in_the_same_place_is_read_anew(store: Store, tmp_path: Path) -> None:
    views.current(store, "support")
    other = make_project(tmp_path / "other", rows=12).store
    other.path.replace(store.path)
    assert views.current(Store(store.path), "support").height == 12
