"""What an allocation of reviews buys is measured, and agrees with what can be computed."""

import pytest
from scipy.stats import hypergeom

from curator.errors import RequestError
from curator.spot_checks.allocations import Audit, chance_to_show, simulate_yield


def test_find_finds_three_times_the_errors_with_a_good_score() -> None:
    for rate in (0.01, 0.02, 0.05):
        find = simulate_yield(Audit(2_000, 200, rate, "good", "find"), repetitions=1_000)
        simple = simulate_yield(Audit(2_000, 200, rate, "good", "simple"), repetitions=1_000)
        assert find.found >= 3 * simple.found, (rate, find, simple)


def test_a_simple_sample_does_not_care_about_the_score() -> None:
    good, misleading = (
        simulate_yield(Audit(2_000, 200, 0.05, score, "simple"), repetitions=2_000) for score in ("good", "misleading")
    )
    assert good.found == pytest.approx(misleading.found, abs=0.3)
    assert good.found == pytest.approx(10, abs=0.3)


def test_the_chance_of_a_simple_sample_is_the_hypergeometric_one() -> None:
    # With 290 reviews of 2,000 the exact bound stays within 2 % for at most two errors, and 10 rows are wrong.
    chance = chance_to_show(Audit(2_000, 290, 0.005, "useless", "simple"), 0.02, repetitions=4_000)
    assert chance == pytest.approx(hypergeom.cdf(2, 2_000, 10, 290), abs=0.025)


def test_a_useless_score_costs_certify_little_and_find_much() -> None:
    simple, certify, find = (
        simulate_yield(Audit(2_000, 200, 0.02, "useless", allocation), repetitions=1_000)
        for allocation in ("simple", "certify", "find")
    )
    assert simple.width < certify.width < 1.2 * simple.width < find.width


def test_an_audit_that_leaves_a_stratum_out_is_refused() -> None:
    with pytest.raises(RequestError, match="cannot be audited"):
        simulate_yield(Audit(2_000, 2, 0.02, "good", "certify"))
    with pytest.raises(RequestError, match="cannot be audited"):
        simulate_yield(Audit(100, 101, 0.02, "good", "simple"))
