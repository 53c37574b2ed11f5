"""Commands about review: plan, route, pull, review import."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from curator.review import Staffing
from curator.spot_checks import price_in_words
from pipelines import wiring
from pipelines.cli.options import Dataset, Labeler, Seed
from pipelines.cli.output import answer, choose, counts, lines, percent_at_most, plain, settings
from pipelines.preferences import board as compare_board
from pipelines.preferences import choices_file
from pipelines.review import answers as review
from pipelines.review import plan as planning
from pipelines.review import pull as pulling
from pipelines.review import route as routing
from pipelines.runtime.settings import Settings
from storage.dataset import datasets
from storage.review import plans
from storage.views import progress

review_app = typer.Typer(help="Reviews.", no_args_is_help=True)
PlanOption = Annotated[str, typer.Option("--plan", help="The id of a plan, or of comparisons (`pairs compare`).")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("plan")(plan)
    app.command("route")(route)
    app.command("pull")(pull)
    app.add_typer(review_app, name="review")


def plan(
    dataset: Dataset = None,
    purpose: Annotated[
        str, typer.Option(help="certify | find | test (every row of the frozen test split)")
    ] = "certify",
    max_error: Annotated[float | None, typer.Option(help="Highest error to certify, 0..1; default the task's.")] = None,
    confidence: Annotated[float | None, typer.Option(help="0..1; default the task's, else 0.95.")] = None,
    reviews: Annotated[int | None, typer.Option(help="Audit reviews; default what the target needs, else 200.")] = None,
    risk_reviews: Annotated[int, typer.Option(min=0, help="Riskiest rows beside the audit.")] = 0,
    labeler: Labeler = None,
    seed: Seed = 0,
    test_share: Annotated[float, typer.Option(help="Share of rows frozen as test, if none is yet.")] = 0.2,
    validation: Annotated[float, typer.Option(help="Share of rows frozen as validation, if none is yet.")] = 0.0,
    overlap: Annotated[int, typer.Option(help="People who review each overlapped audit task.")] = 1,
    overlap_share: Annotated[float, typer.Option(help="Share of the audit tasks that overlap, 0..1.")] = 1.0,
    gold: Annotated[int, typer.Option(help="Rows with a known truth to ask again, blind.")] = 0,
    quota: Annotated[int | None, typer.Option(help="Most tasks for one reviewer.")] = None,
    blind_share: Annotated[
        float | None, typer.Option(help="Share of the risk rows that hide the label, 0..1; default 0.2.")
    ] = None,
) -> int:
    """Draw a spot-check and store it before anybody reviews."""
    store = settings().store
    config = planning.PlanConfig(
        dataset=datasets.require(store, dataset),
        purpose=choose(purpose, ("certify", "find", "test"), "--purpose"),
        labeler=labeler,
        reviews=reviews,
        risk_reviews=risk_reviews,
        max_error=max_error,
        confidence=confidence,
        test_share=test_share,
        validation_share=validation,
        seed=seed,
        staffing=Staffing(overlap, overlap_share, gold, quota, blind_share),
    )
    report = planning.run(config, store)
    can = report.claims
    text = lines(
        f"plan {report.plan}: {report.purpose}, {report.reviews:,} audit and {report.risk_reviews:,} risk reviews "
        f"of {report.population:,} rows ({report.known:,} known before)"
        f"{'' if report.created else '; it was drawn before and is left as it was'}",
        f"{report.overlapped:,} of them by {overlap} people each" if report.overlapped else None,
        f"{report.gold:,} gold cards among them" if report.gold else None,
        *(f"  stratum {s.name}: {s.reviews:,} of {s.size:,}" for s in report.strata),
        *(_bound_if(n, upper) for n, upper in (can.upper_by_errors.items() if can else ())),
        *(f"  {price_in_words(price)}" for price in (can.allocations if can else ())),
        counts("splits", report.splits),
        *report.notes,
        f"review it: the app's Spot-check page, or `curator review import FILE --plan {report.plan}`",
    )
    return answer(plain(report) | {"claims": can.as_json() if can else {}}, text=text)


def _bound_if(errors: int, upper: float) -> str:
    return f"  if {errors} of them are wrong: at most {percent_at_most(upper)} of all are"


def route(
    plan: PlanOption,
    to: Annotated[str, typer.Option(help="native | argilla")] = "native",
    overlap: Annotated[
        int | None, typer.Option(help="Reviewers for each row (Argilla); default the most that the plan asks for.")
    ] = None,
) -> int:
    """Send a plan's tasks to reviewers. Run it again to send what is missing, and second looks that are due."""
    project = settings()
    store = project.store
    if compare_board.is_batch(plan):
        return _route_comparisons(project, plan, choose(to, ("native", "argilla"), "--to"), overlap)
    found = plans.get(store, plan)
    if choose(to, ("native", "argilla"), "--to") == "argilla":
        with wiring.review_board(project) as board:
            report = routing.run(routing.RouteConfig(plan, overlap=overlap), store, board)
        return answer(report, 1 if report.refused else 0, text=_routed(report))
    found_so_far = progress.of_plan(store, plan)
    standing = {"plan": plan, "to": to, "tasks": found_so_far.tasks, "open": found_so_far.left}
    return answer(
        standing, text=f"{found_so_far.left:,} open tasks of {found.dataset} are in the app's Spot-check queue"
    )


def _route_comparisons(project: Settings, batch: str, to: str, overlap: int | None) -> int:
    """Send comparisons (`pairs compare`), which the app's Preferences page has anyway."""
    if to == "native":
        return answer({"plan": batch, "to": to}, text="comparisons wait on the app's Preferences page")
    with wiring.review_board(project) as board:
        sent = compare_board.route(batch, project.store, board, overlap=overlap)
    text = lines(
        f"{sent.board_dataset}: {sent.added:,} comparisons added, {sent.unchanged:,} were there, "
        f"{sent.removed:,} taken out; {sent.on_board:,} on the board",
        f"{sent.answered:,} are answered already" if sent.answered else None,
        f"{sent.unpulled:,} should go but hold answers: pull first" if sent.unpulled else None,
        *(f"  refused {r.id}: {r.reason}" for r in sent.refused[:20]),
        f"bring the answers back with `curator pull --plan {batch}`",
    )
    return answer(sent, 1 if sent.refused else 0, text=text)


def _routed(report: routing.RouteReport) -> str:
    return lines(
        f"{report.board_dataset}: {report.added:,} records added, {report.updated:,} updated, "
        f"{report.unchanged:,} were there, {report.removed:,} taken out; {report.on_board:,} on the board",
        f"{report.second_looks:,} second looks are due" if report.second_looks else None,
        f"{report.disputed:,} rows are disputed: who erred says so with `curator review import`"
        if report.disputed
        else None,
        f"{report.reviewed:,} tasks are reviewed already" if report.reviewed else None,
        f"{report.replaced:,} records had another text there and were replaced" if report.replaced else None,
        counts("taken out", report.removed_why),
        f"{report.unpulled:,} records should go but hold answers: pull first" if report.unpulled else None,
        *(f"  refused {r.id}: {r.reason}" for r in report.refused[:20]),
        f"bring the answers back with `curator pull --plan {report.plan}`",
    )


def pull(
    plan: PlanOption,
    source: Annotated[str | None, typer.Option("--from", help="native | argilla; default where it was routed")] = None,
) -> int:
    """Bring reviews back from Argilla. The native queue stores them at once, so there it reports where they stand."""
    project = settings()
    store = project.store
    if compare_board.is_batch(plan):
        with wiring.review_board(project) as board:
            back = compare_board.pull(plan, store, board, project.argilla_reviewers)
        text = lines(
            f"{back.pulled:,} preferences pulled, {back.unchanged:,} were there, {back.taken_back:,} taken back",
            counts("left out", back.left_out),
            "make pairs of them with `curator pairs build`",
        )
        return answer(back, text=text)
    plans.get(store, plan)
    if source is not None:
        choose(source, ("native", "argilla"), "--from")
    if (source or routing.routed_to(store, plan)) != "argilla":
        now = progress.of_plan(store, plan)
        text = f"{now.done:,} of {now.tasks:,} tasks are reviewed, {now.left:,} are left"
        return answer(plain(now) | {"pulled": 0}, text=text)
    with wiring.review_board(project) as board:
        pulled = pulling.run(pulling.PullConfig(plan, project.argilla_reviewers), store, board)
    report = review.import_records(pulled.records, plan, store)
    told = {
        **plain(progress.of_plan(store, plan)),
        "pulled": report.added,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "rejects": report.rejects,
        "same_person": pulled.same_person,
        "board_dataset": pulled.board_dataset,
        "on_board": pulled.on_board,
        "answered": pulled.answered,
        "left_out": pulled.left_out,
        "taken_back": pulled.taken_back,
        "by_user": pulled.by_user,
    }
    text = lines(
        f"{report.added:,} reviews pulled, {report.unchanged:,} were there, {report.tasks_left:,} tasks left",
        counts("answers by user", pulled.by_user),
        counts("left out", pulled.left_out),
        f"{pulled.taken_back:,} reviews taken back by their authors" if pulled.taken_back else None,
        *_one_person(pulled.same_person),
        *(f"  not taken: {r['reason']}: {r['detail']}" for r in report.rejects[:20]),
    )
    return answer(told, text=text)


@review_app.command("import")
def review_import(file: Path, plan: PlanOption) -> int:
    """Take decisions made elsewhere from a file of JSON Lines, a CSV or another table; also answers to comparisons.

    A line names its row by `task_id` or `external_id`, and has `reviewer`, `verdict` (accept, edit, reject, skip) and
    `value`; for comparisons `comparison` or `external_id`, `reviewer` and `choice` (left, right, a, b, tie, skip).
    """
    store = settings().store
    if compare_board.is_batch(plan):
        report: choices_file.ChoicesReport | review.ReviewReport = choices_file.import_file(file, plan, store)
    else:
        report = review.import_file(file, plan, store)
    text = lines(
        f"{report.added:,} reviews added, {report.unchanged:,} were there, {report.rejected:,} lines rejected, "
        f"{report.tasks_left:,} tasks left",
        *_one_person(report.same_person),
        *(f"  line {r['line']}: {r['reason']}: {r['detail']}" for r in report.rejects[:20]),
        f"  … and {report.rejected - 20:,} more: --json" if report.rejected > 20 else None,
        *report.notes,
    )
    return answer(report, 1 if report.rejected and not (report.added or report.unchanged) else 0, text=text)


def _one_person(kept: Mapping[str, str]) -> list[str]:
    """What was made of names that differ from a known one in case, white space or width alone."""
    return [
        f"  {given!r} is kept as {one!r}: names that differ in case or white space alone are one person"
        for given, one in kept.items()
    ]
