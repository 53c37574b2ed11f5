"""Commands about pairs, releases and versions, and the validator."""

from pathlib import Path
from typing import Annotated, Any

import typer

from curator.composition import USUAL_LIMIT
from curator.preferences import SOURCE_VALUE
from curator.release import FORMATS, DatasetVersion, SignOff, diff_manifests
from pipelines import wiring
from pipelines.cli.options import Dataset, Labeler, MaxLength, Seed, Tokenizer
from pipelines.cli.output import answer, choose, counts, lines, plain, settings, settings_if_any
from pipelines.preferences import draw as compare
from pipelines.preferences import pairs
from pipelines.release import release, verify
from pipelines.release.validate import judge
from pipelines.runtime.progress import stage
from pipelines.runtime.settings import Settings
from pipelines.students import asking
from storage.dataset import datasets
from storage.release import runs, versions
from storage.views import current as views

_PAIR_WIDTH = 50

pairs_app = typer.Typer(help="Preference pairs.", no_args_is_help=True)
versions_app = typer.Typer(help="Released versions.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(pairs_app, name="pairs")
    app.command("release")(release_version)
    app.add_typer(versions_app, name="versions")
    app.command("validate")(validate)


@pairs_app.command("build")
def pairs_build(
    dataset: Dataset = None,
    labeler: Labeler = None,
    student: Annotated[str | None, typer.Option(help="A training run; its own wrong answers are preferred.")] = None,
    cap: Annotated[int, typer.Option(help="At most so many pairs for one pair of labels.")] = pairs.CAP,
    balance: Annotated[str | None, typer.Option(help="length: leave out pairs until length tells nothing.")] = None,
    seed: Seed = 0,
) -> int:
    """Build preference pairs from people's choices, corrections, decisions and a student's errors."""
    project = settings()
    name = datasets.require(project.store, dataset)
    key = None if student is None else _student_answers(project, name, student, labeler)
    even = balance is not None and choose(balance, ("length",), "--balance") == "length"
    report = pairs.build(name, project.store, labeler=labeler, student=key, cap=cap, seed=seed, balance=even)
    lost, before, after = report.dropped.get("length_balance", 0), report.length_auc_before, report.length_auc
    text = lines(
        f"{report.added:,} pairs added, {report.pairs:,} in all",
        counts("sources", report.by_source),
        counts("dropped", report.dropped),
        f"{report.by_majority:,} choices by a majority, not by all" if report.by_majority else "",
        None if after is None else f"length alone tells the chosen answer in {after:.0%} of the pairs (50 % is chance)",
        None if before is None else f"balanced by length: {lost:,} pairs left out for it, {before:.0%} before",
    )
    return answer(report, text=text)


def _student_answers(project: Settings, dataset: str, run_id: str, labeler: str | None) -> str:
    """Let a student answer the train rows; returns the request key of its answers."""
    run = runs.get(project.store, run_id)
    rows = views.current(project.store, dataset, labeler=labeler)
    rows = rows.filter(rows["out"].is_null() & (rows["split"] == "train"))
    with wiring.students(project, project.store, dataset) as made, stage("sample the student") as progress:
        return asking.answer(
            project.store,
            rows,
            run,
            datasets.task_of(project.store, dataset),
            dataset=dataset,
            version=run.version,
            sampler=made.sampler,
            progress=progress,
        )


@pairs_app.command("compare")
def pairs_compare(
    a: Annotated[str, typer.Option(help="A labeler, LABELER#K for its sample K, or run:RUN for a student.")],
    b: Annotated[str, typer.Option(help="What to compare it with.")],
    dataset: Dataset = None,
    n: Annotated[int | None, typer.Option(help="At most so many comparisons; all unless told.")] = None,
    overlap: Annotated[int, typer.Option(help="How many people answer each.")] = 1,
    seed: Seed = 0,
) -> int:
    """Draw the rows to which two sources gave different answers, for people to say which is better."""
    project = settings()
    name = datasets.require(project.store, dataset)
    students = {
        source: _student_answers(project, name, source.removeprefix("run:"), None)
        for source in (a, b)
        if source.startswith("run:")
    }
    report = compare.run(
        compare.CompareConfig(name, a=a, b=b, count=n, overlap=overlap, seed=seed, predicted=students), project.store
    )
    text = lines(
        f"{report.comparisons:,} comparisons of {a} with {b}, {report.added:,} of them new; "
        f"{report.equal:,} rows have equal answers, {report.missing:,} lack one",
        f"answer them on the app's Preferences page (or `curator route --plan {report.batch} --to argilla`), then run "
        "`curator pairs build`",
    )
    return answer(report, text=text)


@pairs_app.command("list")
def pairs_list(
    dataset: Dataset = None,
    source: Annotated[str | None, typer.Option(help=", ".join(SOURCE_VALUE))] = None,
    row: Annotated[str | None, typer.Option(help="Of the row with this id alone.")] = None,
    contains: Annotated[str | None, typer.Option(help="With this text in the input or an answer.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> int:
    """The stored pairs, oldest first."""
    store = settings().store
    found = pairs.listing(datasets.require(store, dataset), store, source=source, row=row, contains=contains)
    shown = found[:limit]
    text = lines(
        *(f"{p.pair}  {p.source}  {p.external_id}: {_short(p.chosen)} ≻ {_short(p.rejected)}" for p in shown),
        f"{len(found):,} pairs" + (f", {len(shown):,} shown (--limit)" if len(shown) < len(found) else ""),
    )
    return answer({"pairs": shown, "total": len(found)}, text=text)


@pairs_app.command("show")
def pairs_show(pair: str, dataset: Dataset = None) -> int:
    """One pair in full."""
    store = settings().store
    found = pairs.show(datasets.require(store, dataset), store, pair)
    text = lines(
        f"{found.pair} of row {found.external_id}, from {found.source}; split {found.split or 'not frozen'}"
        + (f"; not released: {found.left_out}" if found.left_out else ""),
        f"input: {found.input}",
        f"chosen: {found.chosen}",
        f"rejected: {found.rejected}",
    )
    return answer(found, text=text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _PAIR_WIDTH else line[: _PAIR_WIDTH - 1] + "…")


@pairs_app.command("check")
def pairs_check(dataset: Dataset = None) -> int:
    """What is wrong with the pairs, and what they would teach by accident."""
    store = settings().store
    found = pairs.check(datasets.require(store, dataset), store)
    wrong = any(f.severity == "error" for f in found)
    text = "\n".join(f"{f.severity}: {f.text}" for f in found) or "nothing found"
    return answer({"valid": not wrong, "findings": found}, 1 if wrong else 0, text=text)


def release_version(
    name: str,
    labels: Annotated[str, typer.Option(help="current | teacher (raw labels in train)")] = "current",
    formats: Annotated[str, typer.Option("--format", help=",".join(FORMATS))] = "tinker,openai",
    out: Annotated[Path | None, typer.Option(help="Another folder.")] = None,
    waive: Annotated[list[str] | None, typer.Option(help="A gate to waive; needs --why.")] = None,
    why: Annotated[str | None, typer.Option(help="The reason of a waiver.")] = None,
    who: Annotated[str, typer.Option(help="Who releases, and waives.")] = "",
    sign_off: Annotated[str | None, typer.Option(help="Who answers for this version by name.")] = None,
    note: Annotated[str, typer.Option(help="What whoever signs says.")] = "",
    labeler: Labeler = None,
    test_share: Annotated[float, typer.Option()] = 0.2,
    validation: Annotated[float, typer.Option(help="Share of rows frozen as validation, if none is yet.")] = 0.0,
    tokenizer: Tokenizer = None,
    max_length: MaxLength = USUAL_LIMIT,
    seed: Seed = 0,
    prove: Annotated[
        bool, typer.Option("--prove", help="Let the trainers' own loaders read every file first.")
    ] = False,
) -> int:
    """Release a version of a dataset as an immutable folder."""
    project = settings()
    config = release.ReleaseConfig(
        dataset=name,
        labels=choose(labels, ("current", "teacher"), "--labels"),
        labeler=labeler,
        formats=tuple(dict.fromkeys(f.strip() for f in formats.split(",") if f.strip())),
        test_share=test_share,
        validation_share=validation,
        seed=seed,
        waive=tuple(w for each in waive or () for w in each.split(",")),
        why=why,
        who=who or _user(),
        out=out.resolve() if out else None,
        prover=wiring.prover() if prove else None,
        counter=wiring.token_counter(project, tokenizer),
        max_length=max_length,
        sign_off=None if sign_off is None else SignOff(sign_off.strip(), note.strip()),
        demand=project.release_demand,
    )
    with stage("release"):
        report = release.run(config, project.store, project.releases)
    marks = {True: "pass", False: "FAIL", None: "open"}
    text = lines(
        f"{report.version} {'released' if report.created else 'is there already'}: {report.path}"
        if report.version
        else "nothing released: a gate fails; put it right, or waive it with --waive GATE --why TEXT",
        "; ".join(
            f"{what}: {', '.join(f'{split} {n:,}' for split, n in each.items())}"
            for what, each in (("rows", report.rows), ("pairs", report.pairs))
        ),
        counts("pairs left out", report.pairs_left_out),
        *(f"note: {each}" for each in report.notes),
        report.lengths.sentence() if report.lengths else None,
        f"certificate: {report.status}",
        *(f"  {marks[g.passed]}  {g.name}: {g.why}" for g in report.gates),
        f"manifest sha256 {report.manifest_sha256}" if report.manifest_sha256 else None,
    )
    return answer(report, 0 if report.version else 1, text=text)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


@versions_app.command("list")
def versions_list(name: str) -> int:
    """A dataset's versions, newest first."""
    store = settings().store
    found = [_summary(v) for v in versions.listing(store, datasets.require(store, name))]
    text = "\n".join(
        f"{v['version']}: {v['rows']['train']:,} train, {v['rows']['test']:,} test, {v['certificate']}, {v['path']}"
        for v in found
    )
    return answer({"versions": found}, text=text or f"no version of {name} yet; run `curator release {name}`")


def _summary(version: DatasetVersion) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "version": version.version,
        "path": version.path,
        "manifest_sha256": version.manifest_sha256,
        "rows": {split: len(rows) for split, rows in manifest.rows.items()},
        "labels": manifest.settings.labels,
        "certificate": manifest.status,
        "as_of_seq": manifest.as_of_seq,
    }


@versions_app.command("diff")
def versions_diff(old: str, new: str) -> int:
    """What changed between two versions: rows, labels, splits, settings, gates."""
    store = settings().store
    first, second = (versions.get(store, *versions.parse(x)).manifest for x in (old, new))
    diff = diff_manifests(first, second)
    text = lines(
        f"{old} → {new}: {len(diff.added):,} added, {len(diff.removed):,} removed, "
        f"{len(diff.relabelled):,} relabelled, {len(diff.moved):,} moved, {diff.unchanged:,} unchanged",
        *(f"  {r.external_id}: {r.old} → {r.new}" for r in diff.relabelled[:20]),
        f"  … and {len(diff.relabelled) - 20:,} more relabelled (--json)" if len(diff.relabelled) > 20 else None,
        *(f"  {name}: {a} → {b}" for name, (a, b) in {**diff.settings, **diff.gates, **diff.certificate}.items()),
    )
    return answer(diff, text=text)


@versions_app.command("verify")
def versions_verify(directory: Path) -> int:
    """Check a release folder against its manifest, and against the store where there is one."""
    project = settings_if_any()
    recorded = None if project is None else verify.recorded_hash(project.store, directory)
    report = verify.run(verify.VerifyConfig(directory, expected_sha256=recorded))
    content = {"valid": not report.problems, **plain(report)}
    text = "\n".join(f"{p.kind}: {p.path}: {p.hint}" for p in report.problems) or f"intact: {report.files} files"
    return answer(content, 1 if report.problems else 0, text=text)


@versions_app.command("rebuild")
def versions_rebuild(reference: str, out: Annotated[Path, typer.Option("--out", help="An empty folder.")]) -> int:
    """Make a version's folder again from the store."""
    project = settings()
    recorded = versions.get(project.store, *versions.parse(reference))
    made = release.rebuild(reference, project.store, out.resolve())
    same = made == recorded.manifest_sha256
    report = {"version": reference, "path": out, "manifest_sha256": made, "identical": same}
    return answer(
        report, 0 if same else 1, text=f"{reference} rebuilt in {out}, {'identical' if same else 'DIFFERENT'}"
    )


def validate(file: Path, format: Annotated[str, typer.Option("--format", help=",".join(FORMATS))]) -> int:
    """Check any training file against a format's rules."""
    found = judge(file, format)
    text = lines(
        f"{'valid' if found.valid else 'NOT valid'}: {found.rows:,} {found.stage} rows",
        *(f"  line {p.line} {p.severity} {p.rule} at {p.path}: {p.hint}" for p in found.problems[:30]),
        counts("problems", found.counts),
    )
    return answer(found, 0 if found.valid else 1, text=text)
