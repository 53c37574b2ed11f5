"""Coverage of a reference sample: what real traffic has that the dataset lacks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.composition.traffic_coverage import Region, lacking, reference_coverage
from curator.errors import NotEnoughDataError

DIMENSIONS = 16


def traffic(counts: dict[str, int], seed: int) -> tuple[np.ndarray, list[str]]:
    """Unit vectors around one direction for each topic, and texts that repeat its name."""
    rng = np.random.default_rng(seed)
    vectors, texts = [], []
    for place, (topic, count) in enumerate(sorted(counts.items())):
        centre = np.zeros(DIMENSIONS)
        centre[place] = 1.0
        vectors.append(centre + 0.12 * rng.normal(size=(count, DIMENSIONS)))
        texts += [f"{topic} question number {i}" for i in range(count)]
    made = np.concatenate(vectors)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32), texts


def places(texts: list[str]) -> list[str]:
    """Ids: each text's place."""
    return [str(place) for place in range(len(texts))]


ALL = {"account": 100, "delivery": 300, "refund": 400, "security": 200}


def test_a_dataset_drawn_from_the_traffic_reaches_the_ceiling() -> None:
    ours, _ = traffic(ALL, 1)
    theirs, texts = traffic(ALL, 2)
    found = reference_coverage(ours, theirs, texts, places(texts), seed=0)
    assert found.coverage > 0.9
    assert found.recall > 0.8
    assert found.high >= found.ceiling - 0.03
    assert all(region.covered > 0.5 for region in found.regions)


def test_a_region_that_the_dataset_lacks_is_named_with_what_to_collect() -> None:
    ours, _ = traffic({**ALL, "security": 0}, 1)
    theirs, texts = traffic(ALL, 2)
    found = reference_coverage(ours, theirs, texts, places(texts), seed=0)
    assert found.coverage == pytest.approx(0.8, abs=0.05)
    (missing,) = [region for region in found.regions if region.covered < 0.5]
    assert "security" in missing.name
    assert (missing.rows, missing.have, missing.covered) == (200, 0, 0.0)
    assert missing.collect == 200  # 200 more of 800 + 200 rows are the fifth that it has of the traffic
    assert all(texts[int(row)].startswith("security") for row in missing.examples)
    assert found.regions[0] is missing
    assert "security" in found.verdict
    assert lacking(found.regions)[0] == missing


def test_a_region_is_lacking_where_rows_are_not_covered_or_too_few_for_its_share() -> None:
    full = Region("words", rows=3, share=0.1, covered=1.0, distance=0.1, have=3, collect=0, examples=())
    uncovered, too_few = replace(full, covered=0.99), replace(full, collect=1)
    assert lacking([full, too_few, uncovered]) == [too_few, uncovered]
    assert lacking([replace(full, rows=2, covered=0.0, collect=5)]) == []


def test_a_dataset_far_from_the_traffic_covers_nothing() -> None:
    ours, _ = traffic({"a": 0, "b": 0, "c": 0, "d": 0, "e": 100}, 1)
    theirs, texts = traffic({"a": 100, "b": 100}, 2)
    found = reference_coverage(ours, theirs, texts, places(texts), seed=0)
    assert found.coverage == found.recall == 0.0
    assert found.low == 0.0 < found.high < 0.05


@given(order=st.permutations(range(60)))
def test_the_order_of_the_rows_changes_no_figure(order: list[int]) -> None:
    ours, _ = traffic({"a": 30, "b": 30}, 1)
    theirs, texts = traffic({"a": 40, "c": 40}, 2)
    plain = reference_coverage(ours, theirs, texts, places(texts), seed=0)
    mixed = reference_coverage(ours[order], theirs, texts, places(texts), seed=0)
    assert (mixed.coverage, mixed.recall, mixed.regions) == (plain.coverage, plain.recall, plain.regions)


def test_too_few_rows_are_refused_with_their_number() -> None:
    ours, _ = traffic({"a": 10}, 1)
    theirs, texts = traffic({"a": 100}, 2)
    with pytest.raises(NotEnoughDataError, match="dataset has 10 rows"):
        reference_coverage(ours, theirs, texts, places(texts), seed=0)
    with pytest.raises(NotEnoughDataError, match="reference has 10 rows"):
        reference_coverage(theirs, ours, texts[:10], places(texts[:10]), seed=0)
