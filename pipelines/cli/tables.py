"""Evaluations as tables for a person at a terminal."""

from collections.abc import Sequence
from typing import Final

from curator.evaluation import EvalReport, Forgetting, Metric, SliceScore, TimedAnswers, Verdict, forgetting_gate
from pipelines.cli.output import lines, percent
from pipelines.students.failures import ToCollect

_SHOWN: Final = 10
"""Slices that the terminal shows, the worst first; `--json` has all."""
_MEASURES = {
    "accuracy": "accuracy against answers that people settled",
    "agreement": "agreement with the labels, no accuracy: people have not settled each of them",
}


def report_table(report: EvalReport) -> str:
    """The evaluation as a table for a person."""
    rows = [
        f"  {name:<10} {percent(score.accuracy.value):>8} "
        f"[{percent(score.accuracy.low)}, {percent(score.accuracy.high)}]  invalid {score.invalid}, cut {score.cut}"
        + (f", {percent(score.whole_split[0])} to {percent(score.whole_split[1])} of all" if score.whole_split else "")
        for name, score in report.contestants.items()
    ]
    further = [
        f"  {name:<10} " + " · ".join(_metric(m) for m in score.metrics[1:])
        for name, score in report.contestants.items()
        if len(score.metrics) > 1
    ]
    compared = [
        f"  {c.a} − {c.b}: {100 * c.difference:+.1f} points [{100 * c.low:+.1f}, {100 * c.high:+.1f}], "
        f"p {c.p:.2g} ({c.p_holm:.2g} by Holm), sees from {100 * c.minimum_detectable:.1f}"
        for c in report.comparisons
    ]
    return lines(
        f"{report.items:,} test items in {report.groups:,} groups, {report.reviewed:,} reviewed",
        _MEASURES[report.measure],
        f"of the frozen split: {report.truth.sentence()}"
        if report.truth and report.truth.rows > report.items
        else None,
        *rows,
        *further,
        f"{report.by_form} queries were judged by form: the true one gives no rows" if report.by_form else None,
        f"compared by {report.decided_by}" if compared else None,
        *compared,
        *_slices(report.slices),
        forgetting_table(report.forgetting) if report.forgetting else None,
        *_timings(report.timings),
        f"{report.wrong:,} of {report.items:,} wrong" if report.wrong is not None else None,
        *verdict_lines(report.verdict),
        report.recommendation.reason if report.recommendation else None,
        *report.notes,
    )


def _metric(m: Metric) -> str:
    return f"{m.name.replace('_', ' ')} {percent(m.value)} [{percent(m.low)}, {percent(m.high)}]"


def _slices(found: Sequence[SliceScore]) -> list[str]:
    asked = [s for s in found if s.score is not None]
    if not asked:
        return []
    made = [f"slices, the worst of {len(asked)} first ({len(found) - len(asked)} too small to say anything of):"]
    for s in asked[:_SHOWN]:
        assert s.score is not None
        m = s.score
        line = f"  {s.name[:44]:<44} {percent(m.value):>8} [{percent(m.low)}, {percent(m.high)}] of {s.n}"
        if s.weak:
            line += f", surely weak (p {s.p_holm:.2g} by Holm)"
        if s.collapsed and s.difference is not None:
            line += f", {100 * s.difference:+.1f} points against {s.against}"
        made.append(line)
    return made


def _timings(found: Sequence[TimedAnswers]) -> list[str]:
    return [
        f"  {t.contestant:<10} {t.concurrency} at once: first token p50 {t.first_p50.value:.3f} s, p95 "
        f"{t.first_p95.value:.3f} s; whole p50 {t.whole_p50.value:.3f} s, p95 {t.whole_p95.value:.3f} s ({t.n} answers)"
        for t in found
    ]


def forgetting_table(found: Forgetting) -> str:
    """What a student kept of what its base model knew."""
    rows = [
        f"  {c.category:<12} base {percent(c.base):>8}, student {percent(c.student):>8} of {c.n}: lost {c.lost}, "
        f"gained {c.gained}" + (f", surely worse (p {c.p_holm:.2g} by Holm)" if c.worse else "")
        for c in found.categories
    ]
    return lines(forgetting_gate(found).detail, *rows, found.published)


def failures_table(found: Sequence[ToCollect]) -> str:
    """Parts of the data to collect more of."""
    rows = [
        f"  {c.column} = {c.value}: {c.wrong} of {c.test_rows} test rows wrong"
        + (f", {c.train_rows:,} train rows" if c.train_rows is not None else "")
        + (", surely weak" if c.surely_weak else "")
        for c in found
    ]
    return lines("collect next:", *rows) if rows else "no part of the data stands out"


def verdict_lines(said: Verdict) -> list[str]:
    """A verdict for a person: on whom, why, and what it says nothing about."""
    about = f" on {said.about}" if said.about else ""
    silent = [f"  not measured: {', '.join(said.not_measured)}"] if said.not_measured else []
    return [f"verdict{about}: {said.outcome}", *(f"  {reason}" for reason in said.reasons), *silent]
