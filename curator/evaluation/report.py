"""What one evaluation found: scores, comparisons, the verdict, and the rows that the student got wrong."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from curator.evaluation.by_kind import TakenFor
from curator.evaluation.forgetting import Forgetting
from curator.evaluation.metrics import ClassMetrics, Latency, Metric
from curator.evaluation.significance import PairedComparison
from curator.evaluation.slices import SliceScore
from curator.evaluation.timing import TimedAnswers
from curator.evaluation.verdict import Recommendation, Verdict
from curator.records import SplitTruth, read_stored

ContestantKind = Literal["sft", "dpo", "base", "labeler", "endpoint", "baseline"]


@dataclass(frozen=True, slots=True)
class ContestantScore:
    """How one contestant did on the version's test rows.

    Attributes:
        n: Test rows.
        accuracy: Share of right answers; called agreement where nobody reviewed some of the rows.
        invalid: Answers that are no answer of the task, those that were cut aside.
        cut: Answers that ended at the limit of tokens; they count as wrong, and say nothing about what was known.
        whole_split: The share at lowest and at highest if each test row that is not scored had been answered wrong
            and right; None where all rows of the frozen split are scored.
        latency: Seconds for an answer; None where nobody took the time.
        tokens_in: Prompt tokens, in all.
        tokens_out: Answer tokens, in all.
        cost_usd: What the answers cost, in all; None where no price is known.
        in_flight: Requests under way at once while the time was taken; None where it was not taken here.
        run: The training run; None for the base model and for a labeler.
        kind: sft, dpo, base, labeler (stored labels), endpoint (asked now) or baseline.
        macro_f1: Mean F1 over the labels; None but for classification.
        per_class: One for each label of a classification or of sets of labels; None elsewhere.
        metrics: All that is measured for the kind of task, each with its interval; `accuracy` is the first.
        per_field: One for each field of JSON answers; None elsewhere.
        confusion: Labels that were taken for others, the most frequent first; None but for classification.
        usd_each: Dollars for one answer, from measured tokens and a stated price; None where unknown.
    """

    n: int
    accuracy: Metric
    invalid: int
    latency: Latency | None
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    run: str | None
    kind: ContestantKind
    macro_f1: Metric | None = None
    per_class: tuple[ClassMetrics, ...] | None = None
    cut: int = 0
    whole_split: tuple[float, float] | None = None
    in_flight: int | None = None
    metrics: tuple[Metric, ...] = ()
    per_field: tuple[ClassMetrics, ...] | None = None
    confusion: tuple[TakenFor, ...] | None = None
    usd_each: float | None = None

    def metric(self, name: str) -> Metric:
        """The metric of this name; the share of right answers where there is none."""
        return next((m for m in self.metrics if m.name == name), self.accuracy)

    def as_json(self) -> dict[str, Any]:
        """The score as reports hold it: without the figures of a classification where it was none."""
        absent = {name for name in ("macro_f1", "per_class", "per_field", "confusion") if getattr(self, name) is None}
        return {name: value for name, value in asdict(self).items() if name not in absent}


@dataclass(frozen=True, slots=True)
class ContestantComparison:
    """One contestant against another on the same rows.

    Attributes:
        a: The contestant.
        b: Whom it is compared with.
        score_a: Mean score of a, 0..1.
        score_b: Mean score of b, 0..1.
        difference: score_a - score_b.
        low: Lower end of the two-sided interval of the difference.
        high: Upper end of it.
        p: Two-sided p-value.
        p_holm: `p`, adjusted for all the comparisons of the report.
        minimum_detectable: Difference that a test of this size sees with 80 % power.
        alpha: Level of the interval and of `minimum_detectable`.
        n: Rows.
        groups: Independent groups of rows.
        method: What was computed, in words.
    """

    a: str
    b: str
    score_a: float
    score_b: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    minimum_detectable: float
    alpha: float
    n: int
    groups: int
    method: str

    @classmethod
    def of(cls, a: str, b: str, found: PairedComparison, p_holm: float) -> "ContestantComparison":
        """The comparison of two named contestants."""
        scores = asdict(found)
        return cls(a=a, b=b, score_a=scores.pop("a"), score_b=scores.pop("b"), p_holm=p_holm, **scores)


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """A test row that the first contestant got wrong.

    Attributes:
        example_id: The row.
        external_id: Its name outside.
        text: What was asked.
        truth: What people say is right.
        answer: What the contestant said.
    """

    example_id: str
    external_id: str
    text: str
    truth: str | None
    answer: str


@dataclass(frozen=True, slots=True)
class EvalReport:
    """One evaluation of a version.

    Attributes:
        version: `NAME@N`.
        items: Test rows.
        reviewed: Those that people reviewed.
        groups: Independent groups among them.
        contestants: Name -> score; the first is the subject.
        comparisons: The subject against each other one.
        local_student: Whether a student was trained on this machine: its figures say nothing about a large model.
        verdict: What may be said about the subject.
        recommendation: Which student to put before the verdict; None without students.
        failures: Rows that the subject got wrong, the first 200; `wrong` is how many there are.
        measure: What the scores are: accuracy where people settled each of the rows, else agreement with labels.
        truth: The test split as it was frozen; None in a report of an early Curator.
        decided_by: The metric that comparisons are made on: that of `measure`, for free text the chrF.
        wrong: Rows that the subject got wrong; None in a report of an early Curator.
        slices: The subject on parts of the test rows, the worst first.
        forgetting: What the subject kept of what its base model knew; None where it was not asked.
        timings: Contestants timed in turns; empty where nobody was.
        notes: What else a reader should know: that a cheap baseline does as well.
        by_form: Rows that were judged by the form of the query, as the true one gives no rows; None without a database.
    """

    version: str
    items: int
    reviewed: int
    groups: int
    contestants: Mapping[str, ContestantScore]
    comparisons: tuple[ContestantComparison, ...]
    local_student: bool
    verdict: Verdict
    recommendation: Recommendation | None
    failures: tuple[WrongAnswer, ...]
    measure: Literal["accuracy", "agreement"] = "accuracy"
    truth: SplitTruth | None = None
    decided_by: str = "accuracy"
    wrong: int | None = None
    slices: tuple[SliceScore, ...] = ()
    forgetting: Forgetting | None = None
    timings: tuple[TimedAnswers, ...] = ()
    by_form: int | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as it is stored and printed."""
        scores = {name: score.as_json() for name, score in self.contestants.items()}
        return {**asdict(self), "contestants": scores}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A report as the store knows it.

    Attributes:
        report_id: The same for the same question with the same answers.
        dataset: The dataset's name.
        number: The version's number.
        run: The training run that it is about; None where the subject is none.
        created_at: When it was recorded.
        report: What was found.
    """

    report_id: str
    dataset: str
    number: int
    run: str | None
    created_at: datetime
    report: EvalReport


def read_report(content: Mapping[str, Any], report_id: str) -> EvalReport:
    """A stored report.

    Raises:
        StoreError: The store holds something else under this id.
    """
    return read_stored(EvalReport, content, f"evaluation report {report_id}")
