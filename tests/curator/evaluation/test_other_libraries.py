"""Ours against scipy and statsmodels on random tables."""

import numpy as np
import pytest
import scipy
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from curator.evaluation.significance import paired_comparison
from curator.statistics import clopper_pearson


@pytest.mark.slow
def test_a_thousand_random_tables_give_the_p_values_of_scipy_and_statsmodels():
    rng = np.random.default_rng(7)
    for _ in range(1000):
        both, only_a, only_b, neither = (int(n) for n in rng.integers(0, 40, 4))
        n = both + only_a + only_b + neither
        if n < 2 or not only_a + only_b:
            continue
        a_N = np.repeat([1, 1, 0, 0], [both, only_a, only_b, neither])
        b_N = np.repeat([1, 0, 1, 0], [both, only_a, only_b, neither])
        ours = paired_comparison(a_N, b_N, np.arange(n), seed=0).p
        assert ours == pytest.approx(scipy.stats.binomtest(only_a, only_a + only_b).pvalue, abs=1e-9)
        theirs = mcnemar([[both, only_a], [only_b, neither]], exact=True).pvalue
        assert ours == pytest.approx(float(theirs), abs=1e-9)


@pytest.mark.slow
def test_a_thousand_random_rates_have_the_interval_of_scipy_and_statsmodels():
    rng = np.random.default_rng(8)
    for _ in range(1000):
        n = int(rng.integers(1, 500))
        hits, confidence = int(rng.integers(0, n + 1)), float(rng.uniform(0.8, 0.99))
        ours = clopper_pearson(hits, n, confidence)
        assert ours == pytest.approx(proportion_confint(hits, n, 1 - confidence, method="beta"), abs=1e-9)
        found = scipy.stats.binomtest(hits, n).proportion_ci(confidence, "exact")
        assert ours == pytest.approx((found.low, found.high), abs=1e-9)
