"""What the loop is judged by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoopFacts:
    """How far a dataset is. Counts are rows unless they say otherwise.

    Attributes:
        rows: All of them.
        labelled: Those with a label of anybody.
        checked: Whether the labels that are there have been checked.
        patterns: Consistent mistakes (groups) with a proposal that nobody has decided about.
        drawn: Whether a spot-check that measures the label error was drawn.
        unreviewed: Rows of the newest one that wait for an answer.
        second_looks: Its rows that wait for one more look.
        disputed: Its rows about which people differ.
        unanswered: Its rows that were rejected or skipped, and nobody has said what is right.
        void: Whether labels or texts have changed, or rows came, since it was drawn.
        status: Of its certificate: CERTIFIED, UNCERTIFIED or INCOMPLETE; None before the draw.
        estimate: Of the label error that would ship, 0..1; None where it is not known.
        upper: Its upper bound, 0..1; None where it is not known.
        target: The highest error that may ship, 0..1; None where none was agreed.
        test_rows: Rows of the frozen test split.
        test_drawn: Whether its review was drawn.
        test_unreviewed: Test rows that wait for an answer.
        test_disputed: Test rows that wait for somebody to settle them.
        versions: Number of the newest released version; 0 before the first.
        stale: Whether labels have changed since the newest version.
        running: Training runs that go on.
        finished: Training runs that finished.
        failed: Whether the newest training run failed.
        outcome: The newest verdict (SHIP, HOLD, NOT ENOUGH DATA); None before the first evaluation.
        failures: Test rows that the judged student got wrong.
    """

    rows: int = 0
    labelled: int = 0
    checked: bool = False
    patterns: int = 0
    drawn: bool = False
    unreviewed: int = 0
    second_looks: int = 0
    disputed: int = 0
    unanswered: int = 0
    void: bool = False
    status: str | None = None
    estimate: float | None = None
    upper: float | None = None
    target: float | None = None
    test_rows: int = 0
    test_drawn: bool = False
    test_unreviewed: int = 0
    test_disputed: int = 0
    versions: int = 0
    stale: bool = False
    running: int = 0
    finished: int = 0
    failed: bool = False
    outcome: str | None = None
    failures: int = 0
