"""The cards of the first layout: what stood beside its data files, to the byte (see `layout_one`)."""

import json
from pathlib import PurePosixPath
from typing import Any

import orjson

from curator.release.carriage import Needs, turns_of
from curator.release.layout_one import FIRST_FORMATS
from curator.release.manifest import Manifest
from curator.release.rows import DpoRow, SftRow

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


def loading(manifest: Manifest) -> list[str]:
    """The configurations of the front matter."""
    by_config: dict[str, list[str]] = {}
    for file in manifest.files:
        if file.rows:
            path = PurePosixPath(file.path)
            entry = f"      - {{split: {path.stem}, path: {json.dumps(file.path)}}}"
            by_config.setdefault("-".join(path.parts[:-1]), []).append(entry)
    lines = []
    for name, entries in by_config.items():
        lines += [f"  - config_name: {json.dumps(name)}", "    data_files:", *entries]
    return lines


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
    made = FIRST_FORMATS[format]
    if stage == "dpo" and made.dpo is not None:
        return list(made.dpo(made.carries, DpoRow("", turns_of(("user", "x")), "a", "b"), Needs()))
    row = SftRow("", turns_of(("user", "x"), ("assistant", "a")))
    return [] if made.sft is None else list(made.sft(made.carries, row, Needs()))


def companions(manifest: Manifest) -> dict[str, bytes]:
    """LLaMA-Factory's `dataset_info.json`."""
    entries: dict[str, Any] = {}
    for file in manifest.files:
        format, stage, name = file.path.split("/")
        if format != "llama-factory":
            continue
        columns = {"messages": "messages"}
        entry: dict[str, Any] = {"file_name": f"{stage}/{name}", "formatting": "sharegpt"}
        if stage == "dpo":
            entry["ranking"] = True
            columns |= {"chosen": "chosen", "rejected": "rejected"}
        entry["columns"] = columns
        entry["tags"] = {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        }
        entries[f"{manifest.name}_{stage}_{name.removesuffix('.jsonl')}"] = entry
    if "llama-factory" not in manifest.settings.formats:
        return {}
    data = orjson.dumps(entries, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    return {"llama-factory/dataset_info.json": data + b"\n"}
