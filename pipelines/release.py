"""Approved labels, pairs and splits -> an immutable, verifiable folder. Blocked by a gate that fails."""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import polars as pl

from curator import __version__, cards
from curator.errors import DataError, NotEnoughDataError, RequestError, StoreError
from curator.formats import DpoRow, SftRow, Stage, Turns, extra_files, get_format, parquet_lines, render
from curator.ids import canonical_json, digest
from curator.manifest import ReleasedRow, build_manifest, file_fact, manifest_bytes, manifest_hash, seal
from curator.normalise import normalise
from curator.prompting import prompt_hash_source
from curator.splits import SplitResult
from curator.types import PreferencePair, Split
from curator.validate import validate_lines
from pipelines import splitting
from storage import audit, certificates, clusters, datasets, examples, labels, versions, views
from storage.store import Store

Labels = Literal["current", "teacher"]
SPLITS: tuple[Split, ...] = ("train", "test")


@dataclass(frozen=True, slots=True)
class ReleaseConfig:
    """What to release. `labels` teacher: the labeler's raw labels in train; test keeps its reviewed labels."""

    dataset: str
    labels: Labels = "current"
    labeler: str | None = None
    formats: tuple[str, ...] = ("tinker", "openai")
    test_share: float = 0.2
    seed: int = 0
    waive: tuple[str, ...] = ()
    why: str | None = None
    who: str = "curator"
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """A version. `created` is False where an equal one was there already; `version` is None where a gate failed."""

    version: str | None
    path: str | None
    manifest_sha256: str | None
    created: bool
    rows: dict[Split, int]
    pairs: dict[Split, int]
    gates: tuple[dict[str, Any], ...]
    status: str


@dataclass(frozen=True, slots=True)
class _Content:
    """The rows of a version, and why the others are not in it."""

    rows: dict[Split, pl.DataFrame]
    pairs: dict[Split, list[PreferencePair]]
    excluded: dict[str, int]
    split: SplitResult
    messages: dict[str, Turns]


def run(config: ReleaseConfig, store: Store, releases: Path) -> ReleaseReport:
    """Release a version, or return the equal one that exists. Nothing is written where a gate fails unwaived.

    Raises:
        NotEnoughDataError: No releasable row.
        RequestError: An unknown format; a waiver without a reason or for no gate; a folder in the way.
    """
    for name in config.formats:
        get_format(name)
    if config.waive and not (config.why or "").strip():
        msg = "--waive needs --why: a waiver carries a reason"
        raise RequestError(msg)
    dataset = datasets.require(store, config.dataset)
    labeler = labels.require_labeler(store, dataset, config.labeler)
    rows = views.current(store, dataset, labeler=labeler)
    splitting.freeze(store, rows, dataset, test_share=config.test_share, seed=config.seed)
    as_of = views.state_seq(store, dataset)
    content = _content(store, config, dataset, labeler, as_of)
    files = _files(config, content)
    gates, certificate = _gates(store, config, dataset, content, files, as_of)
    blocked = [g for g in gates if g["passed"] is False and g["name"] not in config.waive]
    counts = {split: content.rows[split].height for split in SPLITS}
    pair_counts = {split: len(content.pairs[split]) for split in SPLITS}
    status = str(certificate["status"]) if certificate else "UNCERTIFIED"
    if blocked:
        return ReleaseReport(None, None, None, False, counts, pair_counts, tuple(gates), status)
    manifest = _manifest(store, config, dataset, labeler, as_of, content, files, gates, certificate)
    have = versions.find(store, dataset, manifest["request_hash"])
    if have is not None:
        name = f"{dataset}@{have['number']}"
        if config.out is not None:
            _write(config.out, files, have["manifest"])
        path = str(config.out or have["path"])
        return ReleaseReport(name, path, have["manifest_sha256"], False, counts, pair_counts, tuple(gates), status)
    target = config.out or releases / dataset / str(manifest["number"])
    sealed = _write(target, files, manifest)
    versions.add(
        store,
        dataset,
        manifest["number"],
        request_hash=manifest["request_hash"],
        manifest_sha256=manifest_hash(sealed),
        path=str(target),
        manifest=sealed,
    )
    name = f"{dataset}@{manifest['number']}"
    audit.note(store, actor=config.who, action="release", subject=name, waived=list(config.waive), why=config.why)
    return ReleaseReport(name, str(target), manifest_hash(sealed), True, counts, pair_counts, tuple(gates), status)


def rebuild(reference: str, store: Store, out: Path) -> str:
    """Make a version again from the store as of its seq; returns the manifest's SHA-256.

    Data files are made anew from the store; what described the version when it was released (certificate,
    diversity, gates) is taken from its record.

    Raises:
        DataError: The store as of that seq, with this Curator, gives other bytes than the release.
    """
    dataset, number = versions.parse(reference)
    recorded = versions.get(store, dataset, number)
    manifest = recorded["manifest"]
    settings = manifest["settings"]
    config = ReleaseConfig(
        dataset=dataset,
        labels=settings["labels"],
        labeler=settings["labeler"],
        formats=tuple(settings["formats"]),
        test_share=settings["test_share"],
        seed=settings["seed"],
    )
    content = _content(store, config, dataset, settings["labeler"], manifest["as_of_seq"])
    files = _files(config, content)
    facts = {f["path"]: f["sha256"] for f in manifest["files"] if f["rows"] is not None}
    other = [path for path, (data, rows) in files.items() if facts.get(path) != file_fact(path, data, rows).sha256]
    if other or set(facts) != set(files):
        msg = (
            f"{reference} was made by Curator {manifest['curator_version']} and cannot be made again by "
            f"{__version__}: {', '.join(other) or 'the list of files'} differs"
        )
        raise DataError(msg)
    return manifest_hash(_write(out, files, manifest))


def train_rows(store: Store, dataset: str, labeler: str) -> list[str]:
    """The train rows that a release made now would hold, by example id; nothing is written."""
    content = _content(store, ReleaseConfig(dataset), dataset, labeler, views.state_seq(store, dataset))
    return content.rows["train"]["example_id"].to_list()


def _content(store: Store, config: ReleaseConfig, dataset: str, labeler: str, as_of: int) -> _Content:
    rows = views.current(store, dataset, labeler=labeler, as_of=as_of)
    ledger: dict[str, Split] = dict(
        rows.filter(pl.col("split").is_not_null()).select("example_id", "split").iter_rows()
    )
    split = splitting.plan_splits(rows, ledger=ledger, test_share=config.test_share, seed=config.seed)
    rows = rows.with_columns(place=pl.col("example_id").replace_strict(split.assignments, default=None))
    test = pl.col("place") == "test"
    if config.labels == "teacher":
        raw = ~test & pl.col("out").is_in(["rejected", "disputed", "unsettled"])
        rows = rows.with_columns(
            value=pl.when(test).then("value").otherwise("teacher_value"),
            out=pl.when(raw).then(None).otherwise("out"),
        )
    lacking = pl.when(pl.col("value").is_null()).then(pl.lit("unlabelled"))
    rows = rows.with_columns(out=pl.coalesce("out", lacking))
    rows = rows.with_columns(out=pl.coalesce("out", pl.col("example_id").replace_strict(split.held_out, default=None)))
    kept = rows.filter(pl.col("out").is_null())
    if kept.filter(~test).is_empty():
        msg = f"dataset {dataset!r} has no releasable row in train; see `curator dataset show {dataset}`"
        raise NotEnoughDataError(msg)
    by_split: dict[Split, pl.DataFrame] = {
        "train": kept.filter(pl.col("place") == "train"),
        "test": kept.filter(test),
    }
    out = rows.filter(pl.col("out").is_not_null()).group_by("out").len()
    values = dict(kept.select("example_id", "value").iter_rows())
    pairs = [p for p in versions.pairs(store, dataset, as_of=as_of) if values.get(p.example_id) == p.chosen]
    messages: dict[str, Turns] = {
        row["example_id"]: tuple((m.role, m.text) for m in examples.parse_messages(row["messages"]))
        for row in kept.select("example_id", "messages").iter_rows(named=True)
    }
    return _Content(
        rows=by_split,
        pairs={
            name: [p for p in pairs if split.assignments.get(p.example_id) == name]
            if config.labels == "current"
            else []
            for name in SPLITS
        },
        excluded=dict(out.iter_rows()),
        split=split,
        messages=messages,
    )


def _files(config: ReleaseConfig, content: _Content) -> dict[str, tuple[bytes, int]]:
    """Path -> (bytes, rows) of every data file."""
    files: dict[str, tuple[bytes, int]] = {}
    for name in config.formats:
        for split in SPLITS:
            sft = [
                SftRow(example, (*content.messages[example], ("assistant", value)))
                for example, value in content.rows[split].select("example_id", "value").iter_rows()
            ]
            if sft:  # a version without test rows has no test file: an empty one is no valid training file
                path, data = render(name, "sft", split, sft)
                files[path] = (data, len(sft))
            dpo = [
                DpoRow(p.example_id, content.messages[p.example_id], p.chosen, p.rejected) for p in content.pairs[split]
            ]
            if dpo and "dpo" in get_format(name).stages:
                path, data = render(name, "dpo", split, dpo)
                files[path] = (data, len(dpo))
    return files


def _gates(
    store: Store,
    config: ReleaseConfig,
    dataset: str,
    content: _Content,
    files: dict[str, tuple[bytes, int]],
    as_of: int,
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The gates (`passed` None: not demanded, or not known) and the certificate."""
    target = datasets.task_of(store, dataset).max_error
    certificate: dict[str, Any] | None = None
    try:
        going_out = content.rows["train"]["example_id"].to_list()
        certificate = certificates.judge_newest(store, dataset, as_of=as_of, released=going_out).as_json()
    except NotEnoughDataError as error:
        certificate = None
        reason = str(error)
    gates = []
    if certificate is None:
        gates.append(_gate("certificate", None if target is None else False, reason))
    elif config.labels == "teacher":
        bound = certificate["teacher_error"]
        certificate = {**certificate, "status": "UNCERTIFIED", "shipped_error": None}
        if bound is None:
            gates.append(_gate("certificate", None if target is None else False, "no estimate of the teacher's error"))
        else:
            passed = None if target is None else bound["upper_one_sided"] <= target
            said = f"raw labels of the teacher: at most {bound['upper_one_sided']:.2%} are wrong"
            gates.append(_gate("certificate", passed, said + (f"; the target is {target:.2%}" if target else "")))
    else:
        passed = certificate["status"] == "CERTIFIED" or (None if target is None else False)
        gates.append(_gate("certificate", passed, "; ".join(certificate["why"])))
    gates.append(_test_gate(content))
    gates.append(_leak_gate(content))
    gates.append(_contradiction_gate(content))
    gates.append(_format_gate(files))
    unknown = sorted(set(config.waive) - {g["name"] for g in gates})
    if unknown:
        msg = f"--waive {unknown[0]}: no such gate; there are {', '.join(g['name'] for g in gates)}"
        raise RequestError(msg)
    return gates, certificate


def _gate(name: str, passed: bool | None, why: str) -> dict[str, Any]:
    return {"name": name, "passed": passed, "why": why}


def _test_gate(content: _Content) -> dict[str, Any]:
    test = content.rows["test"]
    reviewed = test.filter((pl.col("human_status") == "settled").fill_null(False)).height
    if test.is_empty():
        return _gate("test_reviewed", None, "there is no test split: nothing can be evaluated on this version")
    return _gate(
        "test_reviewed",
        True if reviewed == test.height else None,
        f"{reviewed} of {test.height} test rows were reviewed by a person",
    )


def _leak_gate(content: _Content) -> dict[str, Any]:
    """Looks at the rows as they go out, beside the split that already kept them apart."""
    forms = {splitting.same_text_form(text) for text in content.rows["train"]["text"]}
    both = [t for t in content.rows["test"]["text"] if splitting.same_text_form(t) in forms]
    if both:
        return _gate("leak", False, f"{len(both)} rows of test stand in train, the first is {both[0][:80]!r}")
    return _gate("leak", True, f"no row of test stands in train; detector: {splitting.DETECTOR}")


def _contradiction_gate(content: _Content) -> dict[str, Any]:
    train = content.rows["train"]
    forms = train.select(pl.col("text").map_elements(normalise, return_dtype=pl.String), "value")
    differing = forms.group_by("text").agg(pl.col("value").n_unique()).filter(pl.col("value") > 1).height
    if not differing:
        return _gate("contradictions", True, "no input stands in train with two labels")
    return _gate("contradictions", None, f"{differing} inputs stand in train with more than one label; settle them")


def _format_gate(files: dict[str, tuple[bytes, int]]) -> dict[str, Any]:
    problems: list[str] = []
    for path, (data, _) in files.items():
        lines: Any = parquet_lines(data) if path.endswith(".parquet") else data.splitlines(keepends=True)
        found = validate_lines(lines, format=path.split("/")[0])
        bad = [p for p in found.problems if p.severity == "error"]
        # A short test file, or few pairs, is no fault of the format.
        bad = [p for p in bad if p.rule != "too_few_rows"]
        problems += [f"{path} line {p.line}: {p.rule}, {p.hint}" for p in bad[:3]]
    if problems:
        return _gate("format", False, "; ".join(problems[:5]))
    return _gate("format", True, f"{len(files)} files follow the rules of their formats")


def _manifest(
    store: Store,
    config: ReleaseConfig,
    dataset: str,
    labeler: str,
    as_of: int,
    content: _Content,
    files: dict[str, tuple[bytes, int]],
    gates: Sequence[dict[str, Any]],
    certificate: dict[str, Any] | None,
) -> dict[str, Any]:
    task = datasets.task_of(store, dataset)
    number = versions.next_number(store, dataset)
    given = labels.frame(store, dataset, labeler=labeler, as_of=as_of)
    run = clusters.newest(store, dataset)
    by_version = Counter(given["version"].to_list())
    return build_manifest(
        name=dataset,
        number=number,
        parent=f"{dataset}@{number - 1}" if number > 1 else None,
        as_of_seq=as_of,
        curator_version=__version__,
        settings={
            "labels": config.labels,
            "labeler": labeler,
            "formats": list(config.formats),
            "test_share": config.test_share,
            "seed": config.seed,
        },
        files=[file_fact(path, data, rows) for path, (data, rows) in files.items()],
        rows={
            split: [
                ReleasedRow(*row)
                for row in content.rows[split].select("example_id", "external_id", "value").iter_rows()
            ]
            for split in SPLITS
        },
        pairs={split: [p.id for p in content.pairs[split]] for split in SPLITS},
        task={
            "name": task.name,
            "kind": task.kind,
            "task_hash": task.content_hash,
            "rubric_hash": digest(task.rubric),
        },
        teacher={
            "labeler": labeler,
            "versions": dict(sorted(by_version.items())),
            "prompt_hash": digest(prompt_hash_source(task)),
        },
        splits={
            "seed": config.seed,
            "test_share": config.test_share,
            "detector": splitting.DETECTOR,
            "threshold": splitting.NEAR_THRESHOLD,
            "components": content.split.components,
            "straddling": content.split.straddling,
            "ledger_sha256": digest(sorted(content.split.assignments.items())),
        },
        filters={},
        excluded=content.excluded,
        certificate=certificate,
        agreement=None,
        diversity=run["report"]["diversity"] if run else None,
        gates=gates,
        waivers=[{"gate": name, "who": config.who, "why": config.why} for name in config.waive],
        tokens={
            "teacher_in": int(given["tokens_in"].sum() or 0),
            "teacher_out": int(given["tokens_out"].sum() or 0),
        },
    )


def _write(target: Path, files: dict[str, tuple[bytes, int]], manifest: dict[str, Any]) -> dict[str, Any]:
    """Write the folder under another name, then move it into place; returns the sealed manifest.

    A folder that is there with the same manifest is left alone (a run killed between this and its record).
    """
    sealed = manifest if "content_sha256" in manifest else seal(manifest, _cards(manifest))
    body = manifest_bytes(sealed)
    if target.exists() and any(target.iterdir()):
        have = target / "manifest.json"
        if have.exists() and have.read_bytes() == body:
            return sealed
        msg = f"{target} is there already and holds something else; move it away, or choose another folder with --out"
        raise StoreError(msg)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    bare = {k: v for k, v in sealed.items() if k != "content_sha256"}
    bare["files"] = [f for f in sealed["files"] if f["rows"] is not None]
    everything = {path: data for path, (data, _) in files.items()} | _cards(bare) | {"manifest.json": body}
    for path, data in sorted(everything.items()):
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        with (draft / path).open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
    if target.exists():
        target.rmdir()
    draft.replace(target)
    return sealed


def _cards(manifest: dict[str, Any]) -> dict[str, bytes]:
    """The files for people, catalogues and trainers, made from the manifest before it is sealed."""
    made = {
        "README.md": cards.readme(manifest).encode(),
        "croissant.json": canonical_json(cards.croissant(manifest)) + b"\n",
    }
    for name in manifest["settings"]["formats"]:
        stages = [
            (cast("Stage", stage), cast("Split", Path(file).stem))
            for fmt, stage, file in (f["path"].split("/") for f in manifest["files"])
            if fmt == name
        ]
        made |= extra_files(name, manifest["name"], stages)
    return made
