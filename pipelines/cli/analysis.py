"""Commands about what a dataset covers: balance, coverage of a reference, learning curve, figures by version."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from curator.composition import MIN_REGION_ROWS, CurveName, Estimate, lacking
from curator.errors import NotEnoughDataError, RequestError
from pipelines.analysis import balance as balancing
from pipelines.analysis import decide
from pipelines.analysis import learning_curve as learning
from pipelines.analysis import traffic_coverage as covering
from pipelines.cli.checks import vectors_in_use
from pipelines.cli.options import Dataset, Labeler, Seed
from pipelines.cli.output import answer, lines, percent, settings
from storage.checks import figures
from storage.dataset import datasets


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("balance")(balance)
    app.command("coverage")(coverage)
    app.command("curve")(curve)
    app.command("figures")(show_figures)


def balance(
    dataset: Dataset = None,
    cap: Annotated[float | None, typer.Option(help="Largest share of a label in the final set; default 0.3.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the cap as a decision, for `curator decide`.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Leave the rows out now, by a decision.")] = False,
    reviewer: Annotated[str | None, typer.Option(help="Who decides; needed by --apply and --out.")] = None,
    labeler: Labeler = None,
    by: Annotated[
        str | None, typer.Option(help="A metadata column: weigh and cap its values in place of the labels.")
    ] = None,
) -> int:
    """How the labels balance, which rows a cap leaves out (most redundant first, reviewed never), what to collect."""
    store = settings().store
    name = datasets.require(store, dataset)
    if (apply or out) and not (reviewer or "").strip():
        msg = "--apply and --out need --reviewer: a decision carries the name of who took it"
        raise RequestError(msg)
    report = balancing.run(balancing.BalanceConfig(name, labeler=labeler, cap=cap, by=by), store)
    decided = 0
    what, many = ("label", "labels") if by is None else (f"value of {by}", f"values of {by}")
    if report.cap is not None and report.external_ids:
        record = {
            "external_ids": list(report.external_ids),
            "action": "exclude",
            "reviewer": reviewer,
            "reason": f"cap: no {what} above {percent(report.cap)} of the final set, the most redundant rows first",
        }
        if out is not None:
            out.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
        if apply:
            source = f"cap:{report.cap}:{store.seq()}"
            decided = decide.apply([(1, record, None)], name, store, source=source).rows
    text = lines(
        f"{report.rows:,} rows, {len(report.counts)} {many}, as varied as {report.effective:.1f} even ones; "
        f"the largest has {percent(report.largest_share)}, {report.ratio:.1f} times the smallest",
        *(f"  {n:>7,}  {label}{_spread(report.labels_by.get(label))}" for label, n in list(report.counts.items())[:20]),
        f"  … and {len(report.counts) - 20} more {many}" if len(report.counts) > 20 else None,
        f"to hold {percent(report.cap)}, leave out {len(report.external_ids):,} rows: "
        + "; ".join(f"{n:,} of {label}" for label, n in report.drop.items())
        if report.cap is not None and report.drop
        else None,
        f"{report.reviewed_kept:,} more would have to go, but people have reviewed them"
        if report.reviewed_kept
        else None,
        f"{decided:,} rows are left out now; `curator decide` with action undo takes it back" if decided else None,
        f"written to {out}: `curator decide {out} --dataset {name}`" if out and report.external_ids else None,
        *(f"collect {n:,} rows of {label}" for label, n in list(report.collect_labels.items())[:10]),
        *(f"collect {n:,} rows like: {region}" for region, n in report.collect_regions[:5]),
        *report.notes,
    )
    told = {k: v for k, v in asdict(report).items() if k != "example_ids"}
    return answer({**told, "left_out": decided}, text=text)


def _spread(labels: dict[str, int] | None) -> str:
    """How the labels of a column's value spread, in words; nothing where labels themselves are told."""
    if not labels:
        return ""
    more = f", {len(labels) - 5} more" if len(labels) > 5 else ""
    return f"  ({', '.join(f'{n:,} {label[:40]}' for label, n in list(labels.items())[:5])}{more})"


def coverage(
    dataset: Dataset = None,
    reference: Annotated[str | None, typer.Option(help="The dataset that holds the reference rows.")] = None,
    source: Annotated[str | None, typer.Option(help="Only its rows from this source, e.g. production.")] = None,
    seed: Seed = 0,
) -> int:
    """Which regions of a reference sample (production logs) the rows to ship lack, and how many to collect."""
    store = settings().store
    name = datasets.require(store, dataset)
    encoder, revision = vectors_in_use(store)
    report = covering.run(
        covering.CoverageConfig(
            name, encoder=encoder, revision=revision, reference=reference, source=source, seed=seed
        ),
        store,
    )
    found = report.coverage
    thin = lacking(found.regions)
    text = lines(
        f"the {found.rows:,} rows of {name} that would ship {found.verdict}",
        f"coverage {percent(found.coverage)} [{percent(found.low)}, {percent(found.high)}] of "
        f"{found.reference_rows:,} reference rows; recall {percent(found.recall)}",
        "what it lacks most:" if thin else f"no region of {MIN_REGION_ROWS} rows or more lacks a row",
        *(
            f"  {percent(r.covered):>7} of {r.rows:,} rows covered, {r.have:,} rows here, collect "
            f"{r.collect:,}: {r.name}"
            for r in thin[:10]
        ),
    )
    return answer(report, text=text)


def curve(dataset: Dataset = None, labeler: Labeler = None, seed: Seed = 0) -> int:
    """More rows or cleaner rows? A cheap student on growing and on cleaned parts of the data."""
    store = settings().store
    name = datasets.require(store, dataset)
    encoder, revision = vectors_in_use(store)
    report = learning.run(
        learning.CurveConfig(name, encoder=encoder, revision=revision, labeler=labeler, seed=seed), store
    )
    found = report.curve
    names: dict[CurveName, str] = {
        "teacher": "the teacher's labels",
        "current": "the labels as they are",
        "pruned": "without suspects",
    }
    text = lines(
        found.advice,
        *(
            f"  {said:<24}" + "  ".join(f"{p.rows:,}: {percent(p.accuracy.value)}" for p in found.curves[which])
            for which, said in names.items()
            if which in found.curves
        ),
        f"people's corrections have brought {_gain(found.cleaned)}" if found.cleaned else None,
        f"judged on {found.test_rows:,} "
        + ("test rows that people reviewed" if report.judged_on == "reviewed" else "rows by their labels"),
        *report.notes,
    )
    return answer(report, text=text)


def _gain(gain: Estimate) -> str:
    value, low, high = 100 * gain.value, 100 * gain.low, 100 * gain.high
    return f"{value:+.1f} points [{low:+.1f}, {high:+.1f}]"


def show_figures(dataset: Dataset = None) -> int:
    """The figures of each version, for trends."""
    store = settings().store
    name = datasets.require(store, dataset)
    found = figures.by_version(store, name)
    if found.is_empty():
        msg = f"dataset {name!r} has no version with figures yet; `curator release {name}` makes one"
        raise NotEnoughDataError(msg)
    rows = found.to_dicts()
    text = lines(
        *(
            f"{name}@{row['version']}: "
            + ", ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "version" and v is not None)
            for row in rows
        )
    )
    return answer({"dataset": name, "versions": rows}, text=text)
