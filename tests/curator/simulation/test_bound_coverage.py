"""The certificate keeps its promise in simulation, misleading scores included."""

import itertools

import pytest

from curator.errors import RequestError
from curator.simulation.bound_coverage import Setting, simulate_coverage


def assert_covers(setting: Setting, repetitions: int, seed: int) -> None:
    c = simulate_coverage(setting, repetitions=repetitions, seed=seed)
    least = 0.95 - 3 * c.standard_error
    assert c.two_sided >= least, (setting, c)
    assert c.one_sided >= least, (setting, c)
    assert c.shipped_two_sided >= least, (setting, c)
    assert c.shipped_one_sided >= least, (setting, c)
    # Each side alone misses at most its half.
    assert min(c.low_side, c.high_side) >= 0.975 - 3 * c.standard_error, (setting, c)


@pytest.mark.parametrize(
    "setting",
    [
        Setting(200, 60, 0.0),
        Setting(200, 60, 0.005, "misleading"),
        Setting(200, 60, 0.05, "useless"),
        Setting(200, 100, 0.10, "good", "find"),
        Setting(500, 400, 0.05, "misleading"),
        Setting(2000, 60, 0.02, "misleading"),
        Setting(2000, 200, 0.005, "good"),
        Setting(2000, 200, 0.05, "misleading"),
        Setting(2000, 200, 0.10, "misleading", "find"),
        Setting(2000, 400, 0.01, "useless"),
        Setting(2000, 400, 0.10, "misleading"),
        Setting(2000, 400, 0.10, "good"),
        Setting(20_000, 200, 0.05, "misleading"),
        Setting(20_000, 400, 0.02, "useless", "find"),
    ],
    ids=str,
)
def test_bounds_hold_as_often_as_they_say(setting):
    assert_covers(setting, repetitions=4000, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("population", [200, 500, 2000, 20_000, 200_000])
def test_bounds_hold_all_over_the_grid(population):
    """Every seventh setting; no side of the grid has a multiple of seven, so that each value meets most others."""
    grid = itertools.product(
        [60, 100, 200, 400, 1000],
        [0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4],
        ["good", "useless", "misleading"],
        ["certify", "find"],
    )
    for reviews, rate, score, purpose in itertools.islice(grid, 0, None, 7):
        if reviews < population:
            assert_covers(Setting(population, reviews, rate, score, purpose), repetitions=6000, seed=11)


def test_a_good_score_narrows_the_bound():
    good = simulate_coverage(Setting(2000, 200, 0.05, "good"), seed=1)
    misleading = simulate_coverage(Setting(2000, 200, 0.05, "misleading"), seed=1)
    assert good.mean_upper < misleading.mean_upper


def test_a_census_is_not_simulated():
    with pytest.raises(RequestError, match="nothing to simulate"):
        simulate_coverage(Setting(100, 100, 0.05))
