"""The card of a release for people: `README.md`. The front matter follows the dataset cards of the Hugging Face Hub."""

import json
from collections import Counter
from collections.abc import Iterable

from curator.records import SPLITS
from curator.release import layout_one_cards
from curator.release.companions import by_stage, config_name, loading
from curator.release.manifest import CertificateFact, Manifest
from curator.statistics import at_most

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_MOST_LABELS = 40


def readme(manifest: Manifest) -> str:
    """The dataset card of a version, in Markdown with YAML front matter.

    Args:
        manifest: From `build_manifest`, before or after it was sealed.
    """
    title = f"{manifest.name}, version {manifest.number}"
    sections = [
        "\n".join(_front_matter(manifest)),
        f"# {_plain(title)}",
        _what(manifest),
        "## How good the labels are\n\n" + _certificate(manifest),
        "## Rows\n\n" + "\n".join(_rows(manifest)),
        "## Gates\n\n" + "\n".join(_gates(manifest)),
        "## Files\n\n" + "\n".join(_files(manifest)),
        _how_to_verify(manifest),
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(manifest: Manifest) -> Iterable[str]:
    total = sum(len(rows) for rows in manifest.rows.values())
    size = next((name for limit, name in _SIZES if total < limit), "n>1M")
    category = "text-classification" if manifest.task.kind == "classification" else "text-generation"
    yield "---"
    # A JSON string is a YAML string, whatever characters a name holds.
    yield f"pretty_name: {json.dumps(manifest.name)}"
    yield f"task_categories: [{category}]"
    yield f"size_categories: [{json.dumps(size)}]"
    yield f"tags: [curator, {'certified' if manifest.status == 'CERTIFIED' else 'uncertified'}]"
    if license_name := manifest.settings.license:
        yield f"license: {json.dumps(license_name)}"
    loaded = layout_one_cards.loading(manifest) if manifest.settings.layout == 1 else _loaded(manifest)
    if loaded:
        yield "configs:"
    yield from loaded
    yield "---"


def _loaded(manifest: Manifest) -> list[str]:
    """The configurations that one reader can load: `datasets` has one reader for all of a folder."""
    return [line for format in _one_reader(manifest) for line in loading(manifest, format, inside=False)]


def _one_reader(manifest: Manifest) -> list[str]:
    """The formats in JSON lines; those in Parquet where there are no others."""
    suffixes = {each.path.split("/")[0]: each.path.rpartition(".")[2] for each in manifest.data_files}
    lines = [name for name, suffix in suffixes.items() if suffix == "jsonl"]
    return lines or list(suffixes)


def _what(manifest: Manifest) -> str:
    task, teacher = manifest.task, manifest.teacher
    text = f"Training data for the {task.kind} task `{_code(task.name or manifest.name)}`."
    if teacher:
        text += f" Labels come from the teacher `{_code(teacher.labeler)}`, as corrected in review."
    if manifest.parent:
        text += f" It follows `{_code(manifest.parent)}`."
    return text


def _certificate(manifest: Manifest) -> str:
    certificate, status = manifest.certificate or CertificateFact(), manifest.status
    why = _plain("; ".join(certificate.reasons)).rstrip(".")
    bound = certificate.shipped_error
    if not bound:
        reason = f" ({why})" if why else ""
        return f"**{status}.** How many of these labels are wrong has not been measured{reason}."
    most = int(bound.upper_one_sided * bound.population)
    text = (
        f"**{status}**{f' ({why})' if why else ''}. With {_percent(bound.confidence)} confidence, at most "
        f"{_most(bound.upper_one_sided)} of the train labels are wrong: {most:,} of "
        f"{bound.population:,} rows. "
        f"The estimate is {_percent(bound.estimate)}, between {_percent(bound.low)} and "
        f"{_percent(bound.high)}, from {bound.reviews:,} reviewed rows ({_plain(bound.method)})."
    )
    if certificate.reviewers:
        text += f" Reviewed by {_plain(', '.join(certificate.reviewers))}."
    text += " The certificate says nothing about the test rows, which stand outside it."
    if status != "CERTIFIED":
        text += " This is not a certificate."
    return text


def _rows(manifest: Manifest) -> Iterable[str]:
    splits = [split for split in SPLITS if split in manifest.rows]
    pairs = manifest.pairs
    yield "| split | rows | preference pairs |"
    yield "|---|---:|---:|"
    for split in splits:
        yield f"| {split} | {len(manifest.rows[split]):,} | {len(pairs.get(split, ())):,} |"
    if manifest.excluded:
        yield ""
        yield "Left out:"
        yield ""
        yield from (f"- {n:,} rows: {_plain(reason)}" for reason, n in manifest.excluded.items())
    if manifest.lengths:
        yield ""
        yield _plain(f"{manifest.lengths['said'][0].upper()}{manifest.lengths['said'][1:]}.")
    labels = {split: Counter(row.label for row in manifest.rows[split]) for split in splits}
    names = sorted(set().union(*labels.values()))
    if manifest.task.kind == "classification" and 0 < len(names) <= _MOST_LABELS:
        yield ""
        yield f"| label | {' | '.join(splits)} |"
        yield f"|---|{'---:|' * len(splits)}"
        for name in names:
            yield f"| `{_code(name)}` | {' | '.join(f'{labels[split][name]:,}' for split in splits)} |"


def _gates(manifest: Manifest) -> Iterable[str]:
    waived = {waiver.gate: waiver for waiver in manifest.waivers}
    if manifest.sign_off:
        note = f": {_plain(manifest.sign_off['note'])}" if manifest.sign_off["note"] else ""
        yield f"Signed by **{_plain(manifest.sign_off['who'])}**{note}"
        yield ""
    if not manifest.gates:
        yield "No gate was checked."
    for gate in manifest.gates:
        passed = "passed" if gate.passed else "**FAILED**"
        if gate.passed is None and manifest.settings.layout > 1:
            passed = "open"
        why = f": {_plain(gate.why)}" if gate.why else ""
        yield f"- {_plain(gate.name)} {passed}{why}"
        if waiver := waived.get(gate.name):
            yield f"  - waived by {_plain(waiver.who)}, because: {_plain(waiver.why)}"


def _files(manifest: Manifest) -> Iterable[str]:
    yield "| file | rows | SHA-256 |"
    yield "|---|---:|---|"
    for file in manifest.data_files:
        yield f"| `{_code(file.path)}` | {file.rows:,} | `{file.sha256}` |"
    if manifest.settings.layout > 1:
        yield from _how_to_load(manifest)


def _how_to_load(manifest: Manifest) -> Iterable[str]:
    names = [
        config_name(manifest, format, stage, files)
        for format in _one_reader(manifest)
        for stage, files in by_stage(manifest, format).items()
        if not any(each.path in manifest.read_as_dates for each in files)
    ]
    yield ""
    yield "Each format's folder stands alone: its `README.md` says what it is for and how a trainer loads it."
    if names:
        yield ""
        yield f"`load_dataset` of `datasets` loads this folder by a name that holds a hash of the files: `{names[0]}`."
    for path, place in manifest.read_as_dates.items():
        yield ""
        yield (
            f"Not so `{_code(path)}`: `datasets` would take `{_code(place)}` for dates. Its own trainer reads the "
            "texts as they are; the format `parquet` is safe everywhere."
        )


def _how_to_verify(manifest: Manifest) -> str:
    reference = _code(f"{manifest.name}@{manifest.number}")
    return (
        "## How to verify it\n\n"
        "`curator versions verify DIR` compares every file of this folder with `manifest.json`. "
        f"`curator versions rebuild {reference} --out DIR` makes the same bytes again from the store, as of sequence "
        f"number {manifest.as_of_seq}, with Curator {_plain(manifest.curator_version)}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"


def _most(bound: float) -> str:
    """An upper bound, never below it."""
    return at_most(bound, unit="").rstrip("0").rstrip(".") + " %"


def _plain(text: str) -> str:
    """Text of others as one line that Markdown and HTML show as it is."""
    line = " ".join(text.split()).replace("\\", "\\\\").replace("<", "&lt;")
    for mark in "`*_[]|#!":
        line = line.replace(mark, "\\" + mark)
    return line


def _code(text: str) -> str:
    """Text of others inside back-ticks and table cells."""
    return " ".join(text.split()).replace("`", "'").replace("|", "\\|")
