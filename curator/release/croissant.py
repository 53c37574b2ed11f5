"""The card of a release for machines: `croissant.json`, which mlcroissant validates and reads.

Croissant: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html. Lists of turns are fields with fields of
their own; without `subField` in the context a reader would drop them without a word.
"""

from collections.abc import Mapping
from typing import Any

from curator.release import layout_one_cards
from curator.release.manifest import FileFact, Manifest

_CR = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes isLiveDataset "
    "jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source "
    "subField transform"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "sc": "https://schema.org/",
} | {name: f"cr:{name}" for name in _CR.split()}
_TYPES = {"text": "sc:Text", "integer": "sc:Integer", "number": "sc:Float", "boolean": "sc:Boolean"}


def croissant(manifest: Manifest) -> dict[str, Any]:
    """The Croissant 1.0 description: a FileObject for each file with its hash, a RecordSet for each data file."""
    if manifest.settings.layout == 1:
        return layout_one_cards.croissant(manifest)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.name,
        "description": f"{manifest.task.kind} training data; labels {manifest.status}.",
        "version": f"{manifest.number}.0.0",
        **({"license": manifest.settings.license} if manifest.settings.license else {}),
        "distribution": [_file(file) for file in manifest.data_files],
        "recordSet": [_record_set(file, manifest.schemas.get(file.path, {})) for file in manifest.data_files],
    }


def _file(file: FileFact) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": "application/x-parquet" if file.path.endswith(".parquet") else "application/jsonlines",
        "sha256": file.sha256,
    }


def _record_set(file: FileFact, schema: Mapping[str, Any]) -> dict[str, Any]:
    name = file.path.rsplit(".", 1)[0].replace("/", "-")
    made = [_field(name, file.path, key, kind) for key, kind in schema.items()]
    fields = [each for each in made if each is not None]
    if len(fields) < len(made) and file.path.endswith(".jsonl"):
        # Lists inside objects are more than a field can say: the line as it is, which holds everything.
        fields = [_leaf(f"{name}/line", "line", "text", {"fileObject": {"@id": file.path}}, {"fileProperty": "lines"})]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}


def _field(name: str, path: str, key: str, kind: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a schema
    """A field for a key of the rows; None where Croissant has no words for what it holds."""
    source = {"fileObject": {"@id": path}}
    if isinstance(kind, str):
        return _leaf(f"{name}/{key}", key, kind, source, {"column": key}) if kind in _TYPES else None
    inner = kind[0] if isinstance(kind, list) else kind
    if not isinstance(inner, dict):
        return None
    parts = [
        _leaf(f"{name}/{key}/{each}", each, of, source, {"column": key}, {"jsonPath": each})
        for each, of in inner.items()
        if isinstance(of, str) and of in _TYPES
    ]
    if not {"content", "value"} & {part["name"] for part in parts}:  # what is said is the point of it
        return None
    made: dict[str, Any] = {"@type": "cr:Field", "@id": f"{name}/{key}", "name": key, "subField": parts}
    if rest := [each for each in inner if each not in {part["name"] for part in parts}]:
        made["description"] = f"The file holds {', '.join(rest)} as well."
    return made | ({"repeated": True} if isinstance(kind, list) else {})


def _leaf(
    ident: str,
    name: str,
    kind: str,
    source: dict[str, Any],
    extract: dict[str, str],
    transform: dict[str, str] | None = None,
) -> dict[str, Any]:
    taken = {**source, "extract": extract} | ({"transform": transform} if transform else {})
    return {"@type": "cr:Field", "@id": ident, "name": name, "dataType": _TYPES[kind], "source": taken}
