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
    assert found is not None
    bounds = list(found.upper_by_errors.values())
    assert bounds == sorted(bounds)
    assert found.confidence == 0.9
    assert found.reviews_needed[0.8] < found.reviews_needed[0.9]
    assert [price.error_rate for price in found.allocations] == [0.025, 0.025]


def test_what_is_claimed_is_printed_under_names_that_say_the_chance() -> None:
    found = claims(1_000, 300, purpose="certify", target=0.05, confidence=0.9)
    assert found is not None
    told = found.as_json()
    assert list(told) == ["confidence", "upper_bound_if_errors_found", "allocations", "target", "reviews_needed"]
    assert told["upper_bound_if_errors_found"]["2"] == found.upper_by_errors[2]
    assert told["reviews_needed"]["80% chance if 1.25% are wrong"] == found.reviews_needed[0.8]
    assert told["allocations"][0]["allocation"] == "certify"


@pytest.mark.parametrize(("purpose", "population"), [("test", 500), ("certify", 0)])
def test_a_test_plan_and_one_without_open_rows_claim_nothing(purpose: str, population: int) -> None:
    assert claims(population, 10, purpose=purpose, target=0.05, confidence=0.95) is None


def test_no_bound_is_given_for_more_errors_than_reviews() -> None:
    found = claims(500, 1, purpose="certify", target=None, confidence=0.95)
    assert found is not None
    assert set(found.upper_by_errors) == {0, 1}
    assert "target" not in found.as_json()
