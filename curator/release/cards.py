"""The cards of a release, for people and for machines: `README.md` and `croissant.json`.

Croissant: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html. The front matter
follows the dataset cards of the Hugging Face Hub.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from curator.release.carriage import turns_of
from curator.release.formats import FORMATS, DpoRow, SftRow
from curator.release.manifest import CertificateFact, Manifest
from curator.statistics import at_most

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_MOST_LABELS = 40
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "includes": "cr:includes",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "repeated": "cr:repeated",
    "sc": "https://schema.org/",
    "source": "cr:source",
    "transform": "cr:transform",
}


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
    by_config: dict[str, list[str]] = {}
    for file in manifest.files:
        if file.rows:
            path = PurePosixPath(file.path)
            entry = f"      - {{split: {path.stem}, path: {json.dumps(file.path)}}}"
            by_config.setdefault("-".join(path.parts[:-1]), []).append(entry)
    if by_config:
        yield "configs:"
    for name, entries in by_config.items():
        yield f"  - config_name: {json.dumps(name)}"
        yield "    data_files:"
        yield from entries
    yield "---"


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
    splits = sorted(manifest.rows, reverse=True)
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
    if not manifest.gates:
        yield "No gate was checked."
    for gate in manifest.gates:
        passed = "passed" if gate.passed else "**FAILED**"
        why = f": {_plain(gate.why)}" if gate.why else ""
        yield f"- {_plain(gate.name)} {passed}{why}"
        if waiver := waived.get(gate.name):
            yield f"  - waived by {_plain(waiver.who)}, because: {_plain(waiver.why)}"


def _files(manifest: Manifest) -> Iterable[str]:
    yield "| file | rows | SHA-256 |"
    yield "|---|---:|---|"
    for file in manifest.data_files:
        yield f"| `{_code(file.path)}` | {file.rows:,} | `{file.sha256}` |"


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


def croissant(manifest: Manifest) -> dict[str, Any]:
    """The Croissant 1.0 description: a FileObject for each file with its hash, a RecordSet for each data file."""
    data_files = manifest.data_files
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.name,
        "description": f"{manifest.task.kind} training data; labels {manifest.status}.",
        "version": f"{manifest.number}.0.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": file.path,
                "name": file.path,
                "contentUrl": file.path,
                "contentSize": f"{file.bytes} B",
                "encodingFormat": _encoding(file.path),
                "sha256": file.sha256,
            }
            for file in data_files
        ],
        "recordSet": [_record_set(file.path) for file in data_files],
    }


def _encoding(path: str) -> str:
    return "application/x-parquet" if path.endswith(".parquet") else "application/jsonlines"


def _record_set(path: str) -> dict[str, Any]:
    name = path.rsplit(".", 1)[0].replace("/", "-")
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "dataType": "sc:Text",
            "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
        }
        for column in _columns(path)
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}


def _columns(path: str) -> list[str]:
    """The columns of a data file, as its format's writer names them."""
    format, stage, _ = path.split("/")
    made = FORMATS[format]
    if stage == "dpo" and made.dpo is not None:
        return list(made.dpo(made.carries, DpoRow("", turns_of(("user", "x")), "a", "b")))
    return list(made.sft(made.carries, SftRow("", turns_of(("user", "x"), ("assistant", "a")))))
