"""The bound: exact where it can be, honest about what is missing, never falling as errors rise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, hypergeom

from curator.certificates.bounds import StratumResult, error_bound, shipped_bound
from curator.errors import DataError, NotEnoughDataError, RequestError


def bound(*strata: StratumResult, known_errors=0, known_rows=0, confidence=0.95):
    return error_bound(strata, known_errors=known_errors, known_rows=known_rows, confidence=confidence)


@st.composite
def stratum_results(draw):
    size = draw(st.integers(1, 3000))
    reviewed = draw(st.integers(1, min(size, 300)))
    errors = draw(st.integers(0, reviewed))
    skipped = draw(st.integers(0, reviewed - errors))
    return StratumResult("s", size, reviewed, errors, skipped=skipped)


three_strata = st.lists(stratum_results(), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    strata=three_strata,
    known=st.integers(0, 50),
    share=st.floats(0, 1),
    confidence=st.sampled_from([0.8, 0.95, 0.99]),
)
def test_bounds_are_rates_in_order_around_the_estimate(strata, known, share, confidence):
    if known + sum(s.reviewed - s.open_questions for s in strata) == 0:
        return
    b = bound(*strata, known_errors=int(known * share), known_rows=known, confidence=confidence)
    assert 0 <= b.low <= b.estimate <= b.high <= 1
    assert b.low <= b.upper_one_sided <= b.high
    assert b.population == known + sum(s.size for s in strata)
    found = int(known * share) + sum(s.errors for s in strata)
    assert b.low * b.population >= found - 1e-6


@settings(max_examples=150, deadline=None)
@given(strata=three_strata, which=st.integers(0, 3))
def test_one_more_error_never_lowers_a_bound(strata, which):
    h = which % len(strata)
    s = strata[h]
    if s.errors + s.skipped >= s.reviewed:
        return
    more = list(strata)
    more[h] = StratumResult(s.name, s.size, s.reviewed, s.errors + 1, skipped=s.skipped)
    a, b = bound(*strata), bound(*more)
    assert b.high >= a.high - 1e-12
    assert b.upper_one_sided >= a.upper_one_sided - 1e-12
    assert b.estimate >= a.estimate - 1e-12


@settings(max_examples=60, deadline=None)
@given(strata=three_strata)
def test_the_order_of_the_strata_changes_nothing(strata):
    if all(s.open_questions == s.reviewed for s in strata):
        return
    a, b = bound(*strata), bound(*reversed(strata))
    assert (a.low, a.high, a.estimate) == pytest.approx((b.low, b.high, b.estimate))


def test_a_census_has_no_uncertainty():
    b = bound(StratumResult("top", 10, 10, 3), StratumResult("rest", 90, 90, 1))
    assert b.low == b.estimate == b.high == b.upper_one_sided == 0.04
    assert b.method.startswith("census")


@pytest.mark.parametrize(("size", "n", "k"), [(200, 60, 0), (200, 60, 3), (500, 100, 40), (50, 20, 20)])
def test_one_stratum_is_the_exact_hypergeometric_inversion(size, n, k):
    b = bound(StratumResult("test", size, n, k))
    plausible = [e for e in range(size + 1) if hypergeom.cdf(k, size, e, n) > 0.025]
    assert round(b.high * size) == max(plausible)
    assert round(b.low * size) == min(e for e in range(size + 1) if hypergeom.sf(k - 1, size, e, n) > 0.025)
    one_sided = max(e for e in range(size + 1) if hypergeom.cdf(k, size, e, n) > 0.05)
    assert round(b.upper_one_sided * size) == one_sided


def test_one_stratum_of_a_huge_population_is_clopper_pearson():
    b = bound(StratumResult("test", 2_000_000, 200, 7))
    assert b.low == pytest.approx(beta.ppf(0.025, 7, 194), abs=1e-4)
    assert b.high == pytest.approx(beta.ppf(0.975, 8, 193), abs=1e-4)


def test_several_strata_follow_the_published_gamma_interval_where_no_row_is_spared():
    # Fay and Feuer (1997), one-sided 95 %, on a population so large that its finiteness is nothing.
    from scipy.stats import chi2

    strata = [StratumResult("a", 10**7, 50, 4), StratumResult("b", 3 * 10**7, 60, 1)]
    w = np.array([0.25 / 50, 0.75 / 60])
    k = np.array([4, 1])
    y, v, m = (w * k).sum(), (w**2 * k).sum(), w.max()
    upper = (v + m**2) / (2 * (y + m)) * chi2.ppf(0.95, 2 * (y + m) ** 2 / (v + m**2))
    low = v / (2 * y) * chi2.ppf(0.025, 2 * y**2 / v)
    assert bound(*strata).upper_one_sided == pytest.approx(upper, rel=1e-4)
    assert bound(*strata).low == pytest.approx(low, rel=1e-4)


def test_known_rows_are_exact_and_shrink_the_unknown_part():
    alone = bound(StratumResult("rest", 1000, 100, 2))
    half = bound(StratumResult("rest", 1000, 100, 2), known_errors=30, known_rows=1000)
    assert half.high == pytest.approx((alone.high * 1000 + 30) / 2000)
    assert half.low == pytest.approx((alone.low * 1000 + 30) / 2000)
    only = bound(known_errors=3, known_rows=30)
    assert only.low == only.high == 0.1


def test_rows_without_a_verdict_widen_both_sides():
    clear = bound(StratumResult("rest", 1000, 100, 2))
    vague = bound(StratumResult("rest", 1000, 100, 2, skipped=2, unsettled=1, unreviewed=1))
    assert vague.high > clear.high
    assert vague.low == clear.low
    assert "4 drawn rows without a verdict" in vague.method
    assert bound(StratumResult("rest", 1000, 100, 6)).high == vague.high
    assert vague.estimate == pytest.approx(2 / 96)


def test_an_undrawn_stratum_is_unknown_not_correct():
    b = bound(StratumResult("top", 50, 0, 0), StratumResult("rest", 950, 300, 0))
    assert b.high > 0.05
    assert b.low == 0
    assert "without a drawn row" in b.method


def test_too_little_data_is_said():
    with pytest.raises(NotEnoughDataError, match="population is empty"):
        bound()
    with pytest.raises(NotEnoughDataError, match="no row has a verdict"):
        bound(StratumResult("rest", 100, 10, 0, unreviewed=10))
    with pytest.raises(DataError, match="known rows"):
        bound(known_errors=2, known_rows=1)
    with pytest.raises(RequestError, match="confidence"):
        bound(StratumResult("rest", 100, 10, 0), confidence=1.0)
    with pytest.raises(DataError, match="stratum top"):
        StratumResult("top", 10, 11, 0)


def test_shipping_after_fixes_shifts_the_number_of_errors():
    strata = [StratumResult("top", 100, 20, 8), StratumResult("next", 400, 40, 2), StratumResult("rest", 1500, 140, 1)]
    before = bound(*strata)
    shipped = shipped_bound(strata, known_errors=0, known_rows=0, errors_fixed=11, rows_released=2000, confidence=0.95)
    assert shipped.upper_one_sided * 2000 == pytest.approx(before.upper_one_sided * 2000 - 11)
    assert shipped.estimate * 2000 == pytest.approx(before.estimate * 2000 - 11)
    assert shipped.population == 2000
    fewer = shipped_bound(strata, known_errors=0, known_rows=0, errors_fixed=11, rows_released=1000, confidence=0.95)
    assert fewer.high == pytest.approx(2 * shipped.high)
    assert fewer.low == 0


def test_a_census_with_every_error_fixed_ships_none():
    strata = [StratumResult("rest", 100, 100, 7)]
    b = shipped_bound(strata, known_errors=0, known_rows=0, errors_fixed=7, rows_released=100, confidence=0.95)
    assert b.low == b.estimate == b.high == 0


def test_a_release_that_does_not_fit_its_plan_is_refused():
    strata = [StratumResult("rest", 100, 50, 2)]
    with pytest.raises(RequestError, match="speaks only of rows"):
        shipped_bound(strata, known_errors=0, known_rows=0, errors_fixed=0, rows_released=101, confidence=0.95)
    with pytest.raises(NotEnoughDataError):
        shipped_bound(strata, known_errors=0, known_rows=0, errors_fixed=0, rows_released=0, confidence=0.95)
