"""Commands about what a review proves: certify, accept."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from curator.certificates import Certificate, ClassError, document, in_words
from curator.errors import NotEnoughDataError, RequestError
from curator.records import ESTIMATES
from curator.spot_checks import acceptance_plan, curve_rates, operating_characteristic
from curator.statistics import counted
from curator.text import FORMS, as_text, write
from pipelines.certify import facts as certificate_facts
from pipelines.cli.options import Dataset
from pipelines.cli.output import answer, lines, percent, percent_at_most, settings
from pipelines.release import release as releasing
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import plans

_SHOWN = 12
"""Points of the operating characteristic, and rows that are due, in the text."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("certify")(certify)
    app.command("accept")(accept)


def certify(
    dataset: Dataset = None,
    plan: Annotated[str | None, typer.Option("--plan", help="Default: the newest finished one.")] = None,
    by_class: Annotated[bool, typer.Option("--by-class", help="The error of each class too.")] = False,
    live: Annotated[bool, typer.Option("--live", help="May we stop? Holds however often it is asked.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The whole certificate, to be read by anybody.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to a .html, .md or .txt file.")] = None,
) -> int:
    """The certificate of the newest finished plan, or of the named one. Plans are never pooled."""
    store = settings().store
    name = datasets.require(store, dataset)
    if out is not None and out.suffix.lower() not in FORMS:
        msg = f"--out {out}: the name ends in none of {', '.join(FORMS)}, which say what to write"
        raise RequestError(msg)
    if live:
        return _live(store, name, plan)
    found = releasing.certificate_now(store, name, plan)
    audit.note(store, actor=acting.actor(), action="certify", subject=name, plan=found.plan, status=found.status)
    classes = certificate_facts.errors_by_class(store, found.plan, confidence=found.confidence) if by_class else ()
    told = found.as_json() | ({"by_class": [asdict(each) for each in classes]} if by_class else {})
    due = certificate_facts.due(store, found.plan) if found.status == "INCOMPLETE" else []
    told |= {"due": due} if due else {}
    alone = certificate_facts.settled_by_rejecter(store, plans.get(store, found.plan))
    told |= {"settled_alone": alone}
    said = lines(
        _short(found),
        f"{alone:,} audit rows were rejected and settled by the same person, and nobody else said the same"
        if alone
        else None,
        *(f"  due: {row['external_id']} ({row['due'].replace('_', ' ')})" for row in due[:_SHOWN]),
        f"  … and {len(due) - _SHOWN:,} more: --json" if len(due) > _SHOWN else None,
        *(_class(each) for each in classes),
    )
    if text or out is not None:
        made = document(certificate_facts.facts(store, name, found))
        if out is not None:
            out.write_text(write(made, out.suffix) or "", encoding="utf-8")
            told, said = told | {"out": str(out)}, lines(said, f"written to {out}")
        if text:
            told, said = told | {"text": as_text(made)}, as_text(made)
    return answer(told, _code(found), text=said)


def _code(found: Certificate) -> int:
    if found.status == "INCOMPLETE":
        return 3
    return 1 if found.status == "UNCERTIFIED" and found.target is not None else 0


def _live(store: Store, dataset: str, plan: str | None) -> int:
    """Whether the newest plan, or the named one, may stop: 0 for yes and where there is no target, 3 for not yet."""
    drawn = [p.id for p in plans.of_dataset(store, dataset) if p.purpose in ESTIMATES]
    if plan is None and not drawn:
        msg = f"dataset {dataset!r} has no spot-check yet; run `curator plan --dataset {dataset}` and review its tasks"
        raise NotEnoughDataError(msg)
    if plan is not None and plan not in drawn:
        msg = f"plan {plan} is no certify or find plan of {dataset!r}; there are {', '.join(drawn) or 'none'}"
        raise RequestError(msg)
    found = certificate_facts.live(store, plan or drawn[0])
    said = lines(
        f"plan {found.plan}: {found.reviewed:,} of {found.drawn:,} audit rows are reviewed",
        {True: "you may stop: ", False: "", None: ""}[found.may_stop] + found.why,
        "a release needs the finished plan: its certificate counts all the rows that were drawn",
    )
    return answer(found.as_json(), 3 if found.may_stop is False else 0, text=said)


def _short(found: Certificate) -> str:
    return lines(
        f"{found.status} (plan {found.plan}, labels by {found.labeler})",
        *found.why,
        _bound("teacher error", found.teacher_error),
        _bound("shipped error", found.shipped_error),
        f"{counted(found.errors_found, 'audit row')} wrong, {counted(found.errors_fixed, 'error')} fixed in all, "
        f"{found.skipped:,} skipped",
    )


def _bound(name: str, bound: Any) -> str | None:  # noqa: ANN401 - Bound or None
    if bound is None:
        return f"{name}: no figure"
    return (
        f"{name}: {percent(bound.estimate)} [{percent(bound.low)}, {percent(bound.high)}], at most "
        f"{percent_at_most(bound.upper_one_sided)} at {in_words(bound.confidence)} confidence, "
        f"{bound.reviews:,} reviews of {bound.population:,} rows; {bound.method}"
    )


def _class(each: ClassError) -> str:
    return f"  {each.name}: {each.words}; {each.errors:,} wrong in {each.reviews:,} reviews of {each.rows:,} rows"


def accept(
    limit: Annotated[float, typer.Option(help="Error rate that must not pass, in (0, 1).")],
    acceptable: Annotated[float, typer.Option(help="Error rate that should pass, 0..1.")] = 0.0,
    consumers_risk: Annotated[float, typer.Option(help="Chance that a batch at the limit passes.")] = 0.05,
    producers_risk: Annotated[float, typer.Option(help="Chance that a batch as good as agreed is refused.")] = 0.05,
    lot: Annotated[int | None, typer.Option(help="Rows in the batch; default any number.")] = None,
) -> int:
    """An acceptance plan: how many rows to review, and how many errors still pass, with its curve."""
    plan = acceptance_plan(
        acceptable=acceptable, limit=limit, producers_risk=producers_risk, consumers_risk=consumers_risk, lot=lot
    )
    curve = operating_characteristic(plan, curve_rates(limit))
    said = lines(
        f"review {plan.sample:,} rows drawn at random and pass the batch where at most {plan.accept} are wrong",
        f"  a batch at {percent(acceptable)} is refused with a chance of {percent(plan.producers_risk)}, "
        f"one at {percent(limit)} passes with {percent(plan.consumers_risk)}",
        *(f"  true error {percent(p.error_rate)}: passes {percent(p.chance)}" for p in curve[:: len(curve) // _SHOWN]),
        "a batch that passes is not certified: `curator certify` says how wrong it is at most",
    )
    return answer({**asdict(plan), "curve": [asdict(point) for point in curve]}, text=said)
