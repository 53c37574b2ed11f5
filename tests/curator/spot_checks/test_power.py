"""What a spot-check can claim before anybody has reviewed."""

import pytest

from curator.spot_checks.design import reviews_needed
from curator.spot_checks.power import DEFAULT_REVIEWS, POWER, claims, reviews_for


def test_a_plan_asks_for_what_was_asked_else_for_what_the_target_needs_and_never_for_more_than_there_is() -> None:
    asked = {"purpose": "certify", "confidence": 0.95}
    assert reviews_for(1_000, asked=60, target=0.02, **asked) == 60
    assert reviews_for(1_000, asked=None, target=None, **asked) == DEFAULT_REVIEWS
    needed = reviews_needed(1_000, max_error=0.05, confidence=0.95, power=POWER)
    assert reviews_for(1_000, asked=None, target=0.05, **asked) == needed
    assert reviews_for(40, asked=60, target=None, **asked) == reviews_for(40, asked=None, target=None, **asked) == 40
    assert reviews_for(700, purpose="test", asked=None, target=0.02, confidence=0.95) == 700


def test_more_errors_found_claim_less_and_a_target_says_what_it_needs() -> None:
    found = claims(1_000, 300, purpose="certify", target=0.05, confidence=0.9)
    bounds = list(found["upper_bound_if_errors_found"].values())
    assert bounds == sorted(bounds)
    assert found["confidence"] == 0.9
    low, high = found["reviews_needed"].values()
    assert low < high
    assert [price["error_rate"] for price in found["allocations"]] == [0.025, 0.025]


@pytest.mark.parametrize(("purpose", "population"), [("test", 500), ("certify", 0)])
def test_a_test_plan_and_one_without_open_rows_claim_nothing(purpose: str, population: int) -> None:
    assert claims(population, 10, purpose=purpose, target=0.05, confidence=0.95) == {}


def test_no_bound_is_given_for_more_errors_than_reviews() -> None:
    found = claims(500, 1, purpose="certify", target=None, confidence=0.95)
    assert set(found["upper_bound_if_errors_found"]) == {"0", "1"}
    assert "target" not in found
