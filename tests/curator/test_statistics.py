"""What is said to be at most so much is."""

from hypothesis import given
from hypothesis import strategies as st

from curator.statistics import at_most


@given(st.floats(0, 1), st.integers(0, 4))
def test_a_bound_is_never_rounded_below_itself_nor_up_by_more_than_the_last_place(rate: float, places: int) -> None:
    shown = float(at_most(rate, places).removesuffix("%"))
    assert 100 * rate - 1e-8 <= shown < 100 * rate + 10.0**-places + 1e-8


def test_a_rate_that_fits_the_places_stays_as_it_is() -> None:
    assert [at_most(n / 10_000) for n in range(10_001)] == [f"{n / 100:.2f} %" for n in range(10_001)]
