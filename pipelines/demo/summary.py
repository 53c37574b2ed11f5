"""What the demo shows at the end: every number read from the store, so that it can be recomputed there."""

import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from curator.certificates import Certificate, in_words
from curator.composition import DiversityReport
from curator.evaluation import ContestantComparison, ContestantScore, Evaluation
from curator.records import Finding
from curator.release import DatasetVersion
from curator.statistics import at_most, percent
from pipelines.certify import judge as certificates
from pipelines.demo import corpus, expert
from pipelines.demo.loop import LoopResults
from storage.checks import clusters, findings
from storage.engine.store import Store
from storage.release import runs, versions
from storage.views import current as views

_DATASET = "langid"


@dataclass(frozen=True, slots=True)
class TeacherAccuracy:
    """Share of train labels that are right, 0..1: as a spot-check estimates it, and in truth.

    Attributes:
        estimate, low, high: From the certificate's sample; None where it has no figure.
        truth: By the published answers.
        population: Rows.
    """

    estimate: float | None
    low: float | None
    high: float | None
    truth: float
    population: int


@dataclass(frozen=True, slots=True)
class DemoPattern:
    """The mistake that was found as one group; None where there is none.

    Attributes:
        rows: Rows in the group.
        given, value: The label that they had, and the one that they were given.
        reviewed, wrong: Rows of it that people looked at, and that were wrong.
        suggestion: What the finding proposes.
    """

    rows: int
    given: str | None
    value: str | None
    reviewed: int | None
    wrong: int | None
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the demo shows at the end; field by field what `curator demo --json` prints, but for `as_json`'s plainness.

    Attributes:
        dataset, teacher, expert, seconds: What ran, by whom, and how long.
        rows: Size and progress.
        teacher_accuracy: How right the teacher is.
        shipped_error_truth: Share of shipped labels that are wrong in truth, 0..1.
        findings_before, findings_after: Findings by kind.
        pattern: What was decided as one group.
        diversity, clusters: The diversity report, and how many clusters.
        certificate: What is proven about the labels.
        pairs: What came of the preference pairs.
        release: The version.
        evaluation: Of its students.
        bought: The student on the release against the one on raw labels.
    """

    dataset: str
    teacher: str
    expert: str
    seconds: float
    rows: views.DatasetOverview
    teacher_accuracy: TeacherAccuracy
    shipped_error_truth: float
    findings_before: Mapping[str, int]
    findings_after: Mapping[str, int]
    pattern: DemoPattern
    diversity: DiversityReport | None
    clusters: int
    certificate: Certificate
    pairs: Mapping[str, Any]
    release: DatasetVersion
    evaluation: Evaluation
    bought: ContestantComparison

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        evaluated, version = self.evaluation, self.release
        return {
            "dataset": self.dataset,
            "teacher": self.teacher,
            "expert": self.expert,
            "seconds": self.seconds,
            "rows": self.rows.as_json(),
            "teacher_accuracy": asdict(self.teacher_accuracy),
            "shipped_error_truth": self.shipped_error_truth,
            "findings_before": dict(self.findings_before),
            "findings_after": dict(self.findings_after),
            "pattern": asdict(self.pattern),
            "diversity": asdict(self.diversity) if self.diversity else None,
            "clusters": self.clusters,
            "certificate": self.certificate.as_json(),
            "pairs": dict(self.pairs),
            "release": {
                "version": version.version,
                "path": version.path,
                "manifest_sha256": version.manifest_sha256,
            },
            "evaluation": {
                **evaluated.report.as_json(),
                "report_id": evaluated.report_id,
                "dataset": evaluated.dataset,
                "version": evaluated.number,
                "run": evaluated.run,
            },
            "bought": asdict(self.bought),
        }


def collect(store: Store, results: LoopResults) -> DemoSummary:
    """The summary's numbers.

    Args:
        store: The demo's store.
        results: Which plan, version and run are meant.
    """
    rows = views.current(store, _DATASET, labeler=results.labeler)
    truth = {line.external_id: line.truth for line in corpus.lines() if line.truth is not None}
    known = [r for r in rows.iter_rows(named=True) if r["external_id"] in truth and r["split"] == "train"]
    right = sum(r["teacher_value"] == truth[r["external_id"]] for r in known)
    certificate = certificates.judge_newest(store, _DATASET, plan=results.certify_plan)
    bound = certificate.teacher_error
    shipped = [r for r in known if r["out"] is None]
    shipped_wrong = sum(r["value"] != truth[r["external_id"]] for r in shipped)
    evaluated = next(r for r in runs.reports(store, dataset=_DATASET) if r.report_id == results.evaluation)
    found = clusters.newest(store, _DATASET)
    return DemoSummary(
        dataset=_DATASET,
        teacher=results.labeler,
        expert=expert.NAME,
        seconds=results.seconds,
        rows=views.overview(store, _DATASET),
        teacher_accuracy=TeacherAccuracy(
            estimate=1 - bound.estimate if bound else None,
            low=1 - bound.high if bound else None,
            high=1 - bound.low if bound else None,
            truth=right / len(known),
            population=len(known),
        ),
        shipped_error_truth=shipped_wrong / len(shipped),
        findings_before=results.findings_before,
        findings_after=results.findings_after,
        pattern=_pattern(findings.get(store, _DATASET, results.pattern)),
        diversity=found.report.diversity if found else None,
        clusters=len(found.report.clusters) if found else 0,
        certificate=certificate,
        pairs=results.pairs,
        release=versions.get(store, *versions.parse(results.version)),
        evaluation=evaluated,
        bought=next(c for c in evaluated.report.comparisons if c.b == "raw"),
    )


def _pattern(found: Finding | None) -> DemoPattern:
    if found is None:
        return DemoPattern(0, None, None, None, None, None)
    said, proposed = found.evidence, found.suggestion
    return DemoPattern(
        rows=len(found.example_ids),
        given=said.get("given"),
        value=proposed.get("value"),
        reviewed=said.get("reviewed"),
        wrong=said.get("wrong"),
        suggestion=proposed.get("text"),
    )


def render(s: DemoSummary) -> str:
    """The summary at a glance."""
    rows, accuracy, bound = s.rows, s.teacher_accuracy, s.certificate.shipped_error
    evaluation, pattern = s.evaluation.report, s.pattern
    lines = [
        "",
        f"── {s.dataset}: name the language of a text, 13 labels {'─' * 42}",
        f"rows        {rows.rows:,}, {rows.out.get('excluded', 0):,} of them set aside; split by groups of "
        f"parallel sentences: {_counts(rows.splits)}",
        f"teacher     {s.teacher}: right on {_span(accuracy.estimate, accuracy.low, accuracy.high)} "
        f"of train, as estimated by spot-check; in truth {accuracy.truth:.1%} of {accuracy.population:,}",
        f"reviewer    {s.expert}: {rows.reviewed:,} rows one by one, {rows.decided:,} by a group decision",
        f"checks      {_found(s.findings_after)}",
        f"pattern     {pattern.rows} rows given {pattern.given!r} stand apart; {pattern.wrong} of the "
        f"{pattern.reviewed} reviewed are {pattern.value!r}",
        *_wrapped(f"proposed: {pattern.suggestion}"),
        f"diversity   {s.clusters} clusters; {_diversity(s.diversity)}",
    ]
    if bound is not None:
        lines.append(
            f"certificate {s.certificate.status}: at most {at_most(bound.upper_one_sided)} of "
            f"{bound.population:,} labels are wrong, at {in_words(bound.confidence)} confidence, from "
            f"{bound.reviews} reviews (in truth {percent(s.shipped_error_truth, 2)})"
        )
    else:
        lines.append(f"certificate {s.certificate.status}: {'; '.join(s.certificate.why)}")
    lines += [
        f"pairs       {s.pairs['pairs']:,} ({_counts(s.pairs['by_source'])})",
        f"release     {s.release.version} in {s.release.path}",
        f"            manifest sha256 {s.release.manifest_sha256}",
        "",
        f"evaluation on {evaluation.items} frozen test rows in {evaluation.groups} groups, all reviewed"
        if evaluation.reviewed == evaluation.items
        else f"evaluation on {evaluation.items} test rows, {evaluation.reviewed} reviewed",
        *(_contestant(name, c) for name, c in evaluation.contestants.items()),
        "",
        f"what curation bought: {_points(s.bought)}",
        "            (the SFT student on the release minus the same student on the teacher's raw labels)",
        f"verdict     {evaluation.verdict.outcome}",
        *(line for reason in evaluation.verdict.reasons for line in _wrapped(reason)),
        *_wrapped(evaluation.recommendation.reason if evaluation.recommendation else "no student to recommend"),
        "next        " + "\n".join(_wrapped(_next(len(evaluation.failures)))).lstrip(),
        f"            {s.seconds:.0f} s for the whole loop"
        + ("; a small local student on this machine's CPU, no large model" if evaluation.local_student else ""),
    ]
    return "\n".join(lines)


_NAMES = {
    "student": "SFT student, curated",
    "raw": "student on raw labels",
    "dpo": "DPO student",
    "base": "base, untrained",
    "teacher": "teacher",
}


def _wrapped(text: str) -> list[str]:
    """The text in lines of at most 108 characters, under the second column."""
    return textwrap.wrap(text, 108, initial_indent=" " * 12, subsequent_indent=" " * 12)


def _contestant(name: str, c: ContestantScore) -> str:
    a = c.accuracy
    bar = "█" * round(20 * a.value)
    return f"  {_NAMES.get(name, name):<22} {bar:<20} {_span(a.value, a.low, a.high)}"


def _span(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "an unknown share"
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _points(c: ContestantComparison) -> str:
    difference, low, high = 100 * c.difference, 100 * c.low, 100 * c.high
    return f"{difference:+.1f} points of accuracy [{low:+.1f}, {high:+.1f}], p = {c.p:.1g}"


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {kind}" for kind, n in found.items()) or "nothing"


def _found(counts: Mapping[str, int]) -> str:
    """Findings by kind; the rows that were only ranked are no findings."""
    ranked = counts.get("suspect_label", 0)
    groups = {kind: n for kind, n in counts.items() if kind != "suspect_label"}
    return f"{_counts(groups)}; {ranked:,} unreviewed rows ranked by suspicion"


def _diversity(spread: DiversityReport | None) -> str:
    if spread is None:
        return "no report"
    return f"{spread.verdict}, {spread.effective_clusters:.1f} effective, Vendi score {spread.vendi:.0f}"


def _next(failures: int) -> str:
    first = "change the rubric (Cyrillic is not only Russian) and let a teacher label again"
    return f"{first}; then look at the {failures} test rows that the student still gets wrong"
