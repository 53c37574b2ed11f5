"""What the demo shows at the end: every number read from the store, so that it can be recomputed there."""

import textwrap
from dataclasses import asdict
from typing import Any

from pipelines.certify import judge as certificates
from pipelines.demo import corpus, expert
from storage.checks import clusters, findings
from storage.engine.store import Store
from storage.release import runs, versions
from storage.views import current as views

DATASET = "langid"


def collect(store: Store, state: dict[str, Any]) -> dict[str, Any]:
    """The summary's numbers.

    Args:
        store: The demo's store.
        state: Results by step, as `loop.run` returns them (which plan, version and run are meant).
    """
    labeler = state["label"]["labeler"]
    rows = views.current(store, DATASET, labeler=labeler)
    truth = {line.external_id: line.truth for line in corpus.lines() if line.truth is not None}
    known = [r for r in rows.iter_rows(named=True) if r["external_id"] in truth and r["split"] == "train"]
    right = sum(r["teacher_value"] == truth[r["external_id"]] for r in known)
    certificate = certificates.judge_newest(store, DATASET, plan=state["certify-plan"])
    shipped = [r for r in known if r["out"] is None]
    shipped_wrong = sum(r["value"] != truth[r["external_id"]] for r in shipped)
    evaluated = next(r for r in runs.reports(store, dataset=DATASET) if r.report_id == state["evaluate"])
    found = clusters.newest(store, DATASET)
    pattern = findings.get(store, DATASET, state["decide"]["findings"][0])
    version = versions.get(store, *versions.parse(state["release"]["version"]))
    return {
        "dataset": DATASET,
        "teacher": labeler,
        "expert": expert.NAME,
        "seconds": state["seconds"],
        "rows": views.overview(store, DATASET).as_json(),
        "teacher_accuracy": {
            "estimate": 1 - certificate.teacher_error.estimate if certificate.teacher_error else None,
            "low": 1 - certificate.teacher_error.high if certificate.teacher_error else None,
            "high": 1 - certificate.teacher_error.low if certificate.teacher_error else None,
            "truth": right / len(known),
            "population": len(known),
        },
        "shipped_error_truth": shipped_wrong / len(shipped),
        "findings_before": state["check"]["counts"],
        "findings_after": state["check-again"]["counts"],
        "pattern": {
            "rows": len(pattern.example_ids) if pattern else 0,
            "given": pattern.evidence.get("given") if pattern else None,
            "value": pattern.suggestion.get("value") if pattern else None,
            "reviewed": pattern.evidence.get("reviewed") if pattern else None,
            "wrong": pattern.evidence.get("wrong") if pattern else None,
            "suggestion": pattern.suggestion.get("text") if pattern else None,
        },
        "diversity": asdict(found.report.diversity) if found else None,
        "clusters": len(found.report.clusters) if found else 0,
        "certificate": certificate.as_json(),
        "pairs": state["pairs"],
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
        "bought": asdict(next(c for c in evaluated.report.comparisons if c.b == "raw")),
    }


def render(s: dict[str, Any]) -> str:
    """The summary at a glance."""
    rows, accuracy, bound = s["rows"], s["teacher_accuracy"], s["certificate"]["shipped_error"]
    evaluation, pattern = s["evaluation"], s["pattern"]
    lines = [
        "",
        f"── {s['dataset']}: name the language of a text, 13 labels {'─' * 42}",
        f"rows        {rows['rows']:,}, {rows['out'].get('excluded', 0):,} of them set aside; split by groups of "
        f"parallel sentences: {_counts(rows['splits'])}",
        f"teacher     {s['teacher']}: right on {_span(accuracy['estimate'], accuracy['low'], accuracy['high'])} "
        f"of train, as estimated by spot-check; in truth {accuracy['truth']:.1%} of {accuracy['population']:,}",
        f"reviewer    {s['expert']}: {rows['reviewed']:,} rows one by one, {rows['decided']:,} by a group decision",
        f"checks      {_found(s['findings_after'])}",
        f"pattern     {pattern['rows']} rows given {pattern['given']!r} stand apart; {pattern['wrong']} of the "
        f"{pattern['reviewed']} reviewed are {pattern['value']!r}",
        *_wrapped(f"proposed: {pattern['suggestion']}"),
        f"diversity   {s['clusters']} clusters; {_diversity(s['diversity'])}",
    ]
    if bound is not None:
        lines.append(
            f"certificate {s['certificate']['status']}: at most {bound['upper_one_sided']:.2%} of "
            f"{bound['population']:,} labels are wrong, at {bound['confidence']:.0%} confidence, from "
            f"{bound['reviews']} reviews (in truth {s['shipped_error_truth']:.2%})"
        )
    else:
        lines.append(f"certificate {s['certificate']['status']}: {'; '.join(s['certificate']['why'])}")
    lines += [
        f"pairs       {s['pairs']['pairs']:,} ({_counts(s['pairs']['by_source'])})",
        f"release     {s['release']['version']} in {s['release']['path']}",
        f"            manifest sha256 {s['release']['manifest_sha256']}",
        "",
        f"evaluation on {evaluation['items']} frozen test rows in {evaluation['groups']} groups, all reviewed"
        if evaluation["reviewed"] == evaluation["items"]
        else f"evaluation on {evaluation['items']} test rows, {evaluation['reviewed']} reviewed",
        *(_contestant(name, c) for name, c in evaluation["contestants"].items()),
        "",
        f"what curation bought: {_points(s['bought'])}",
        "            (the SFT student on the release minus the same student on the teacher's raw labels)",
        f"verdict     {evaluation['verdict']['outcome']}",
        *(line for reason in evaluation["verdict"]["reasons"] for line in _wrapped(reason)),
        *_wrapped(evaluation["recommendation"]["reason"]),
        "next        " + "\n".join(_wrapped(_next(s))).lstrip(),
        f"            {s['seconds']:.0f} s for the whole loop"
        + ("; a small local student on this machine's CPU, no large model" if evaluation["local_student"] else ""),
    ]
    return "\n".join(lines)


NAMES = {
    "student": "SFT student, curated",
    "raw": "student on raw labels",
    "dpo": "DPO student",
    "base": "base, untrained",
    "teacher": "teacher",
}


def _wrapped(text: str) -> list[str]:
    """The text in lines of at most 108 characters, under the second column."""
    return textwrap.wrap(text, 108, initial_indent=" " * 12, subsequent_indent=" " * 12)


def _contestant(name: str, c: dict[str, Any]) -> str:
    a = c["accuracy"]
    bar = "█" * round(20 * a["value"])
    return f"  {NAMES.get(name, name):<22} {bar:<20} {_span(a['value'], a['low'], a['high'])}"


def _span(value: float, low: float, high: float) -> str:
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _points(c: dict[str, Any]) -> str:
    difference, low, high = (100 * c[name] for name in ("difference", "low", "high"))
    return f"{difference:+.1f} points of accuracy [{low:+.1f}, {high:+.1f}], p = {c['p']:.1g}"


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {kind}" for kind, n in found.items()) or "nothing"


def _found(counts: dict[str, int]) -> str:
    """Findings by kind; the rows that were only ranked are no findings."""
    ranked = counts.get("suspect_label", 0)
    groups = {kind: n for kind, n in counts.items() if kind != "suspect_label"}
    return f"{_counts(groups)}; {ranked:,} unreviewed rows ranked by suspicion"


def _diversity(spread: dict[str, Any] | None) -> str:
    if spread is None:
        return "no report"
    return f"{spread['verdict']}, {spread['effective_clusters']:.1f} effective, Vendi score {spread['vendi']:.0f}"


def _next(s: dict[str, Any]) -> str:
    failures = s["evaluation"]["failures"]
    first = "change the rubric (Cyrillic is not only Russian) and let a teacher label again"
    return f"{first}; then look at the {len(failures)} test rows that the student still gets wrong"
