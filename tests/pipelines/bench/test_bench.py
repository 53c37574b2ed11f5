"""Every suite is named in one place and takes its own options only."""

from importlib import import_module
from inspect import signature

import pytest

from curator.errors import RequestError
from pipelines import bench


@pytest.mark.parametrize("suite", bench.SUITES)
def test_a_suite_takes_the_options_that_it_is_listed_with(suite: str) -> None:
    module = import_module(f"pipelines.bench.{suite}")
    assert set(bench.SUITES[suite]) <= set(signature(module.run).parameters)
    assert callable(module.render)


def test_a_suite_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(RequestError, match=r"no suite 'everything'; there are certificate, store"):
        bench.run("everything")


def test_an_option_of_another_suite_is_refused() -> None:
    with pytest.raises(RequestError, match=r"the suite store takes --seconds, not --repetitions"):
        bench.run("store", repetitions=3)
