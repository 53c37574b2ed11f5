"""Commands about how good a student is: evaluate, verdict, forgetting, failures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from curator.errors import DataError, NotEnoughDataError, RequestError
from curator.evaluation import Evaluation, Price, Targets, Verdict, forgetting_gate
from curator.ports import Sampler
from curator.records import TrainingRun
from pipelines import wiring
from pipelines.cli.checks import vectors_in_use
from pipelines.cli.options import Seed, Version
from pipelines.cli.output import answer, choose, lines, settings
from pipelines.cli.tables import failures_table, forgetting_table, report_table, verdict_lines
from pipelines.preferences import pairs
from pipelines.review import send
from pipelines.runtime import acting
from pipelines.runtime.progress import stage
from pipelines.runtime.settings import Settings
from pipelines.students import asking, contestants, evaluate, failures, forgetting, report_page
from pipelines.students.baseline import EncoderName
from pipelines.students.contestants import Contestant, Endpoint
from pipelines.students.timing import TimingConfig
from storage.dataset import datasets
from storage.engine.store import Store
from storage.release import runs, versions
from storage.views import current as views

EXITS = {"SHIP": 0, "HOLD": 1, "NOT ENOUGH DATA": 3}
RunId = Annotated[str, typer.Option("--run", help="A training run.")]
Prompts = Annotated[Path | None, typer.Option("--prompts", help="More prompts: JSON lines, beside those shipped.")]
Database = Annotated[
    Path | None,
    typer.Option("--database", help="SQLite file or script with rows, to run queries on (read only, bounded)."),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("evaluate")(evaluate_models)
    app.command("verdict")(verdict)
    app.command("forgetting")(forgetting_of)
    app.command("failures")(failures_of)
    app.command("report")(report_of)


def evaluate_models(
    version: Version,
    models: Annotated[
        str,
        typer.Option(
            "--models",
            help="student=RUN,base=,prompted=base+rubric,teacher=LABELER,previous=RUN,cheap=baseline,"
            "other=openai:MODEL@URL; the first is judged.",
        ),
    ],
    database: Database = None,
    forget: Annotated[
        bool, typer.Option("--forgetting", help="Ask the student and its base the general prompts too.")
    ] = False,
    prompts: Prompts = None,
    time: Annotated[int | None, typer.Option("--time", help="Time so many answers of each, in turns.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once in the second timing.")] = 8,
    price: Annotated[
        list[str] | None, typer.Option("--price", help="NAME=IN/OUT@DATE: US dollars for a million tokens; repeat.")
    ] = None,
    max_p95: Annotated[float | None, typer.Option(help="Target: seconds for an answer, 95th percentile.")] = None,
    max_usd: Annotated[float | None, typer.Option(help="Target: US dollars for 1,000 answers.")] = None,
    wrong_to: Annotated[
        Path | None, typer.Option("--failures", help="Write every row that the first got wrong (.jsonl, .csv).")
    ] = None,
    seed: Seed = 0,
) -> int:
    """Score contestants on the version's frozen test split, compare them, and decide.

    Where the first one is a student, ends as `verdict` does: SHIP (0), HOLD (1) or NOT ENOUGH DATA (3).
    """
    project = settings()
    dataset, number = versions.parse(version)
    versions.get(project.store, dataset, number)
    who = contestants.parse_models(models, project.store, dataset)
    config = evaluate.EvaluateConfig(
        version,
        who,
        seed,
        database=database,
        prompts=forgetting.load_prompts(prompts) if forget or prompts else (),
        timing=None if time is None else TimingConfig(time, concurrency),
        prices=dict(_price(each) for each in price or ()),
        targets=_targets(max_p95, max_usd),
        encoder=_encoder(project.store) if any(c.baseline for c in who) else None,
    )
    if wrong_to is not None:
        failures.check_place(wrong_to)
    with _sampler(project, dataset, who) as sampler, stage("evaluate") as progress:
        report = evaluate.run(
            config, project.store, sampler, endpoints=lambda e: _endpoint(project, e), progress=progress
        )
    written = None
    if wrong_to is not None:
        written = failures.write(wrong_to, evaluate.failed(config, project.store).wrong)
    code = EXITS[report.report.verdict.outcome] if report.report.verdict.run else 0
    said = f"{written} wrong answers written to {wrong_to}" if written is not None else None
    content = {"report_id": report.report_id, **report.report.as_json()}
    if written is not None:
        content |= {"failures_file": str(wrong_to), "failures_written": written}
    return answer(content, code, text=lines(report_table(report.report), said))


def _targets(p95: float | None, usd: float | None) -> Targets:
    for name, value in (("--max-p95", p95), ("--max-usd", usd)):
        if value is not None and not 0 < value < float("inf"):
            msg = f"{name} is {value:g}, expected a number above 0"
            raise RequestError(msg)
    return Targets(p95, usd)


def _price(text: str) -> tuple[str, Price]:
    """`NAME=IN/OUT@DATE`.

    Raises:
        RequestError: Not of that form.
    """
    name, _, rest = text.partition("=")
    numbers, _, day = rest.partition("@")
    try:
        date.fromisoformat(day)
        tokens_in, tokens_out = (float(each) for each in numbers.split("/"))
        return name.strip(), Price(name.strip(), tokens_in, tokens_out, day)
    except (ValueError, DataError) as error:
        msg = (
            f"--price {text!r}: expected NAME=IN/OUT@DATE, US dollars for a million tokens and the day they were "
            "read, such as student=0.1/0.4@2026-11-30"
        )
        raise RequestError(msg) from error


@contextmanager
def _sampler(project: Settings, dataset: str, who: Sequence[Contestant]) -> Iterator[Sampler | None]:
    if not any(c.is_sampled for c in who):
        yield None
        return
    with wiring.students(project, project.store, dataset, base=_base([c.run for c in who if c.run])) as made:
        yield made.sampler


def _base(students: Sequence[TrainingRun]) -> str | None:
    """The base model that the first student came from, for a server that has several."""
    return students[0].base_model if wiring.uses_service() and students else None


def _endpoint(project: Settings, endpoint: Endpoint) -> Sampler:
    return wiring.endpoint(project, endpoint.model, endpoint.url)


def _encoder(store: Store) -> EncoderName:
    return EncoderName(*vectors_in_use(store))


def verdict(run: RunId) -> int:
    """The verdict of the newest evaluation of a run: SHIP (0), HOLD (1) or NOT ENOUGH DATA (3)."""
    newest = newest_of(settings().store, run)
    said: Verdict = newest.report.verdict
    content = {"run": run, "report": newest.report_id, "version": f"{newest.dataset}@{newest.number}"}
    return answer({**content, **asdict(said)}, EXITS[said.outcome], text=lines(*verdict_lines(said)))


def newest_of(store: Store, run: str) -> Evaluation:
    """The newest evaluation of a run.

    Raises:
        NotFoundError: There is no such run.
        NotEnoughDataError: It has not been evaluated.
    """
    runs.get(store, run)
    found = runs.reports(store, run=run)
    if not found:
        msg = f"run {run} has not been evaluated; run `curator evaluate --version NAME@N --models student={run},…`"
        raise NotEnoughDataError(msg)
    return found[0]


def forgetting_of(run: RunId, prompts: Prompts = None) -> int:
    """What a student forgot: general prompts to it and to its base model. Ends with 1 where it forgot, 3 where unclear.

    A verdict takes it into account where `curator evaluate --forgetting` measured it; answers are not asked for twice.
    """
    project = settings()
    student = runs.get(project.store, run)
    if student.sampler_path is None:
        msg = f"run {run} is {student.status}, it has nothing to sample from"
        raise RequestError(msg)
    config = forgetting.KeptConfig(student, forgetting.load_prompts(prompts), student.version)
    base = _base([student])
    with (
        wiring.students(project, project.store, student.dataset, base=base) as made,
        stage("general prompts") as progress,
    ):
        found = forgetting.run(config, project.store, made.sampler, progress=progress)
    gate = forgetting_gate(found)
    code = {True: 0, False: 1, None: 3}[gate.passed]
    return answer({"run": run, **asdict(found), "gate": asdict(gate)}, code, text=forgetting_table(found))


def failures_of(
    run: RunId,
    out: Annotated[Path | None, typer.Option("--out", help="Write them all (.jsonl, .csv).")] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="review or pairs: the train rows nearest to them; collect: parts of the data to collect."
        ),
    ] = None,
    near: Annotated[int, typer.Option(help="Train rows for each failure, for review and pairs.")] = 3,
    database: Database = None,
) -> int:
    """What a student got wrong in its newest evaluation; test rows never become training data."""
    project = settings()
    newest = newest_of(project.store, run)
    name = newest.report.verdict.subject or "student"
    who = contestants.parse_models(f"{name}={run}", project.store, newest.dataset)
    config = evaluate.EvaluateConfig(f"{newest.dataset}@{newest.number}", who, database=database)
    if out is not None:
        failures.check_place(out)
    failed = evaluate.failed(config, project.store)
    content = {"run": run, "report": newest.report_id, "wrong": len(failed.wrong), "rows": failed.items.rows.height}
    said = [f"{run}: {len(failed.wrong):,} of {failed.items.rows.height:,} test rows wrong"]
    if out is not None:
        content |= {"file": str(out), "written": failures.write(out, failed.wrong)}
        said.append(f"written to {out}")
    match None if to is None else choose(to, ("review", "pairs", "collect"), "--to"):
        case "review":
            sent = _send(project, newest, [each.example_id for each in failed.wrong], run, near)
            content |= {"sent": asdict(sent)}
            said.append(
                f"{sent.sent:,} train rows near them sent to review" + (f", plan {sent.plan}" if sent.plan else "")
            )
        case "pairs":
            made = _pairs(project, newest, [each.example_id for each in failed.wrong], run, near)
            content |= {"pairs": asdict(made)}
            said.append(
                f"{made.added:,} pairs added, {made.pairs:,} in all; the student's answers to train rows near them"
            )
        case "collect":
            thin = failures.to_collect(project.store, newest.dataset, newest.report, failed.items, failed.wrong)
            content |= {"collect": [asdict(each) for each in thin]}
            said += [failures_table(thin)]
        case _:
            content |= {"failures": [asdict(each) for each in failed.wrong[: evaluate.WRONG_SHOWN]]}
            said += [
                f"  {f.external_id}: {f.text[:70]!r} is {f.truth!r}, said {f.answer[:60]!r}" for f in failed.wrong[:20]
            ]
    return answer(content, text=lines(*said))


def _pairs(project: Settings, newest: Evaluation, wrong: list[str], run: str, near: int) -> pairs.PairsReport:
    """The student answers the train rows near its failures; where it is wrong, its answer is rejected."""
    store, dataset = project.store, newest.dataset
    ids = failures.train_rows_near(store, dataset, wrong, _encoder(store), each=near)
    rows = views.current(store, dataset).filter(pl.col("example_id").is_in(ids))
    with wiring.students(project, store, dataset) as made, stage("ask the student") as progress:
        key = asking.answer(
            store,
            rows,
            runs.get(store, run),
            datasets.task_of(store, dataset),
            dataset=dataset,
            version=newest.number,
            sampler=made.sampler,
            progress=progress,
        )
    return pairs.build(dataset, store, student=key)


def _send(project: Settings, newest: Evaluation, wrong: list[str], run: str, near: int) -> send.SendReport:
    rows = failures.train_rows_near(project.store, newest.dataset, wrong, _encoder(project.store), each=near)
    why = f"near what {run} got wrong in {newest.report_id}: is the label right?"
    config = send.SendConfig(newest.dataset, rows, why, acting.actor())
    return send.run(config, project.store)


def report_of(
    run: RunId,
    out: Annotated[Path | None, typer.Option("--out", help="Default: report-RUN.html here.")] = None,
) -> int:
    """The newest evaluation of a run as one HTML file for people outside: no network, light and dark."""
    store = settings().store
    newest = newest_of(store, run)
    place = Path(f"report-{run}.html") if out is None else out
    if place.suffix not in (".html", ".htm"):
        msg = f"{place.name}: a report is written as .html"
        raise RequestError(msg)
    if not place.absolute().parent.is_dir():
        msg = f"{place.parent}: no such folder"
        raise RequestError(msg)
    page = report_page.of_run(store, newest)
    place.write_text(page, encoding="utf-8")
    content = {"run": run, "report": newest.report_id, "file": str(place), "bytes": len(page.encode())}
    return answer(
        content | {"verdict": newest.report.verdict.outcome}, text=f"{place}: {newest.report.verdict.outcome}"
    )
