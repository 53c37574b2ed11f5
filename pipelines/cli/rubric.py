"""Commands about the rubric: rubric test."""

from pathlib import Path
from typing import Annotated

import typer

from curator.errors import RequestError
from curator.records import Task
from pipelines import wiring
from pipelines.cli.options import Concurrency, Dataset, PriceIn, PriceOut, Seed, TeacherName, price_of
from pipelines.cli.output import answer, counts, lines, percent, settings
from pipelines.cli.tasks import version_of
from pipelines.intake import rubric_test, task_edit
from pipelines.intake.rubric_test import ChangedRow, RubricTestReport, TriedRubric
from pipelines.intake.task_file import read_task, read_text
from pipelines.runtime.progress import stage
from storage.dataset import datasets
from storage.engine.store import Store

_SHOWN = 10

rubric_app = typer.Typer(help="How well the teacher labels under a rubric.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(rubric_app, name="rubric")


@rubric_app.callback()
def _group() -> None:
    """One command so far; without this, typer would make it the group."""


@rubric_app.command("test")
def rubric_try(
    dataset: Dataset = None,
    teacher: TeacherName = None,
    rubric: Annotated[
        str | None, typer.Option(help="What to try: a version's number, a task file (.toml), or a text file.")
    ] = None,
    against: Annotated[str | None, typer.Option(help="A second one, in the same form, to compare with.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows, drawn at random.")] = None,
    with_test: Annotated[
        bool, typer.Option("--with-test", help="Use rows of the test split too, which spoils the evaluation on them.")
    ] = False,
    budget: Annotated[float | None, typer.Option(min=0, help="US dollars for each of the two.")] = None,
    concurrency: Concurrency = 8,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    seed: Seed = 0,
) -> int:
    """Let the teacher answer rows whose truth people settled, under one rubric or two; no label is made.

    Without --rubric the definition in force is tried. Answers are kept: what `label` asks under the same definition
    is not paid again, nor is a second test.
    """
    project = settings()
    name = datasets.require(project.store, dataset)
    price = price_of(price_in, price_out)
    named = [rubric, against] if against is not None else [rubric]
    candidates = []
    for each in named:
        called, task = _definition(project.store, name, each)
        by = wiring.teacher(project, task, teacher, price=price)
        candidates.append(rubric_test.RubricCandidate(called, task, by))
    if len({c.task.content_hash for c in candidates}) < len(candidates):
        msg = f"{candidates[0].name} and {candidates[1].name} are the same definition: there is nothing to compare"
        raise RequestError(msg)
    config = rubric_test.RubricTestConfig(name, tuple(candidates), limit, with_test, concurrency, budget, seed)
    with stage("rubric test") as progress:
        report = rubric_test.run(config, project.store, progress=progress)
    return answer(report, text=_words(report))


def _definition(store: Store, dataset: str, named: str | None) -> tuple[str, Task]:
    versions = datasets.history(store, dataset)
    if named is None or named.isdecimal():
        found = version_of(versions, None if named is None else int(named))
        return f"version {found.number}", found.task
    file = Path(named)
    if file.suffix.lower() == ".toml":
        task = read_task(file)
        if task.kind != versions[-1].task.kind:
            msg = f"{file} is a task of kind {task.kind}, the dataset's is {versions[-1].task.kind}"
            raise RequestError(msg)
        return file.name, task
    return file.name, task_edit.edited(versions[-1].task, rubric=read_text(file))


def _words(report: RubricTestReport) -> str:
    told = [f"{report.rows:,} rows of {report.dataset} with a truth that people settled"]
    if report.left_in_test:
        told.append(f"{report.left_in_test:,} more stand in the test split and were left alone (--with-test)")
    for each in report.tried:
        told += _score_words(each)
    found = report.difference
    if found is not None:
        first, second = report.tried[0].name, report.tried[1].name
        told.append(
            f"{first} less {second}: {100 * found.difference:+.1f} points [{100 * found.low:+.1f}, "
            f"{100 * found.high:+.1f}], p = {found.p:.3g} ({found.method})"
        )
        told.append(
            f"  both right {found.both_right:,}, only {first} {found.only_first:,}, only {second} "
            f"{found.only_second:,}, both wrong {found.both_wrong:,}"
        )
    told += [_changed_words(row) for row in report.changed[:_SHOWN]]
    if len(report.changed) > _SHOWN:
        told.append(f"  … and {len(report.changed) - _SHOWN:,} more rows that differ (--json lists them)")
    return "\n".join(told)


def _score_words(tried: TriedRubric) -> list[str]:
    cost = "at an unknown cost" if tried.cost_usd is None else f"for {tried.cost_usd:.4f} US dollars"
    asked = f"{tried.asked:,} asked now {cost}" if tried.asked else "all answered before"
    if tried.score is None:
        return [f"{tried.name}, {tried.teacher}: nothing was answered"]
    found = tried.score
    interval = f"[{percent(found.low)}, {percent(found.high)}]"
    unfit = "nothing that fits"
    return lines(
        f"{tried.name}, {tried.teacher}: {percent(found.accuracy)} right {interval}, "
        f"{found.right:,} of {found.rows:,}; {asked}",
        counts("  not answered as asked, and wrong", {k: n for k, n in found.statuses.items() if k != "answered"}),
        f"  {tried.unanswered:,} rows got no answer, and are in no figure" if tried.unanswered else None,
        f"  {tried.truth_unknown:,} rows have a truth that it does not have: wrong" if tried.truth_unknown else None,
        *(f"  {c.rows:>5,}  {c.truth} answered as {c.answer or unfit}" for c in found.confusions[:_SHOWN]),
        *(f"  cluster {c.cluster}: {c.wrong:,} of {c.rows:,} wrong" for c in found.worst[:5]),
    ).splitlines()


def _changed_words(row: ChangedRow) -> str:
    def said(value: str | None, right: bool) -> str:
        return f"{(value or 'nothing')[:40]} ({'right' if right else 'wrong'})"

    return (
        f"  {row.external_id}: {row.text[:60]!r} is {row.truth[:40]}: {said(row.first, row.first_right)} / "
        f"{said(row.second, row.second_right)}"
    )
