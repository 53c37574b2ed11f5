"""Promises measured on this machine: a module for each suite, with `run(**options)` and `render(report)`.

A report is a frozen record, whose JSON is its fields.
"""

from importlib import import_module
from typing import Protocol

from curator.errors import RequestError

SUITES: dict[str, tuple[str, ...]] = {
    "certificate": ("repetitions",),
    "store": ("seconds",),
    "curation": ("part", "data", "keep", "quick", "seed"),
    "review": ("seconds", "rows"),
    "soak": ("seconds",),
    "pages": ("rows",),
    "faults": ("repetitions", "quick", "seed", "keep"),
    "doors": ("rows", "seed"),
}
"""Each suite (a module of this package) and the options that its `run` takes."""


class SuiteReport(Protocol):
    """What every suite says."""

    @property
    def suite(self) -> str:
        """The suite's name."""

    @property
    def passed(self) -> bool:
        """Whether the promise holds on this machine."""


def run(suite: str, **options: object) -> tuple[SuiteReport, str]:
    """Run a suite; its report, and the report for a person.

    Args:
        suite: Its name.
        options: None where the suite's own default is wanted.

    Raises:
        RequestError: There is no such suite, or it has no such option.
    """
    if suite not in SUITES:
        msg = f"no suite {suite!r}; there are {', '.join(SUITES)}"
        raise RequestError(msg)
    given = {name: value for name, value in options.items() if value is not None}
    if strange := sorted(set(given) - set(SUITES[suite])):
        takes = " and ".join(f"--{name}" for name in SUITES[suite]) or "no options"
        msg = f"the suite {suite} takes {takes}, not --{strange[0]}"
        raise RequestError(msg)
    module = import_module(f"{__name__}.{suite}")  # on demand: a suite may need heavy packages
    report = module.run(**given)
    return report, module.render(report)
