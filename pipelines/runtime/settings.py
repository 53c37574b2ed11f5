"""Which project, and how it is set up: `curator.toml`, the environment, nothing else.

Secrets come from the environment alone and never reach the store.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curator.errors import DataError, NotFoundError, RequestError
from curator.ports import TokenPrice
from curator.records import GateRules, read_toml
from pipelines.runtime.new_place import check_new
from storage.engine.store import Store

FILE = "curator.toml"
TEMPLATE = """\
# A Curator project. The store is one DuckDB file; vectors, jobs and releases lie beside it.
[project]
store = "curator.duckdb"

[encoder]
name = "all-MiniLM-L6-v2"      # embedded; or any sentence-transformers model: a local path or a hub name

[teacher]
# name = "gpt-…"               # a model of an OpenAI-compatible server; key in OPENAI_API_KEY
# base_url = "http://…/v1"     # default: OPENAI_BASE_URL, else OpenAI itself

[prices]                       # US dollars for a million tokens, where the packaged list does not know a model
# "gpt-…" = { in = 1.25, out = 10.0, as_of = "2026-11-30" }

[student]
# base_model = "Qwen/Qwen3-8B" # used with TINKER_API_KEY or TINKER_BASE_URL; else a small local student
# tokenizer = "models/qwen3"    # a folder with tokenizer.json to count tokens by; else the base model's, if it is here

[release]
# demand = "sign_off,agreement" # gates that must pass or be waived, where they would only be open

[gate]
# required = ["certificate"]    # what `curator gate` demands of a version beside its own gates
# no_waiver = ["secrets"]
# max_error = 0.05

[argilla]
# url = "http://localhost:6900" # or ARGILLA_API_URL; key in ARGILLA_API_KEY; for `curator route --to argilla`
# workspace = "curator"
[argilla.reviewers]
# ana_k = "ana"                 # Argilla's user name = the reviewer's name here; others keep their user name
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """A project's settings, resolved."""

    project: Path
    store_file: Path
    encoder: str = "all-MiniLM-L6-v2"
    teacher: str | None = None
    teacher_base_url: str | None = None
    student_base_model: str | None = None
    student_tokenizer: str | None = None
    release_demand: tuple[str, ...] = ()
    argilla_url: str | None = None
    argilla_workspace: str = "curator"
    argilla_reviewers: dict[str, str] = field(default_factory=dict)
    gate: GateRules = field(default_factory=GateRules)
    prices: Mapping[str, TokenPrice] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The project's store (a path; nothing is opened)."""
        return Store(self.store_file)

    @property
    def releases(self) -> Path:
        """Where releases go unless told."""
        return self.project / "releases"


def find_project(named: str | None, *, start: Path | None = None) -> Path:
    """The project folder: the named one, else CURATOR_PROJECT, else the nearest curator.toml upwards.

    Raises:
        NotFoundError: There is none.
    """
    wanted = named or os.environ.get("CURATOR_PROJECT")
    if wanted:
        folder = Path(wanted).expanduser().resolve()
        if not (folder / FILE).exists():
            msg = f"{folder} is no Curator project (no {FILE}); run `curator init {wanted}`"
            raise NotFoundError(msg)
        return folder
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).exists():
            return folder
    msg = f"no {FILE} in {here} or above; run `curator init`, or name the project with --project DIR"
    raise NotFoundError(msg)


def load(project: Path) -> Settings:
    """Read the project's settings.

    Raises:
        RequestError: The file is not valid TOML, or a value has the wrong type.
    """
    file = project / FILE
    try:
        content = read_toml(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError as error:
        msg = f"{file} is not valid TOML: {error}"
        raise RequestError(msg) from error
    except DataError as error:
        raise RequestError(str(error)) from error

    def get(section: str, key: str) -> str | None:
        table = content.get(section, {})
        if not isinstance(table, dict):
            msg = f"{file}: {section} is {table!r}, expected a table [{section}]"
            raise RequestError(msg)
        value = table.get(key)
        if value is not None and not isinstance(value, str):
            msg = f"{file}: {section}.{key} is {value!r}, expected text"
            raise RequestError(msg)
        return value

    return Settings(
        project=project,
        store_file=project / (get("project", "store") or "curator.duckdb"),
        encoder=get("encoder", "name") or "all-MiniLM-L6-v2",
        teacher=get("teacher", "name"),
        teacher_base_url=get("teacher", "base_url"),
        student_base_model=get("student", "base_model"),
        student_tokenizer=get("student", "tokenizer"),
        release_demand=tuple(filter(None, (name.strip() for name in (get("release", "demand") or "").split(",")))),
        argilla_url=os.environ.get("ARGILLA_API_URL") or get("argilla", "url"),
        argilla_workspace=get("argilla", "workspace") or "curator",
        argilla_reviewers=_reviewers(file, content),
        gate=_gate(file, content),
        prices=_prices(file, content),
    )


def _prices(file: Path, content: dict[str, Any]) -> dict[str, TokenPrice]:
    """What a project says that models cost: a table for each, with the dollars for a million tokens."""
    named = content.get("prices", {})
    found = {}
    for model, price in named.items() if isinstance(named, dict) else [("", None)]:
        told = price if isinstance(price, dict) else {}
        rates = [told.get(key) for key in ("in", "out")]
        if not all(isinstance(x, int | float) and not isinstance(x, bool) and 0 <= x < math.inf for x in rates):
            msg = (
                f'{file}: [prices] must be tables like "{model or "gpt-…"}" = {{ in = 1.25, out = 10.0, '
                'as_of = "2026-11-30" }: US dollars for a million tokens of the prompt and of the answer'
            )
            raise RequestError(msg)
        when = f", as of {told['as_of']}" if "as_of" in told else ""
        found[str(model)] = TokenPrice(float(told["in"]), float(told["out"]), f"{file.name}{when}")
    return found


def _reviewers(file: Path, content: dict[str, Any]) -> dict[str, str]:
    named = content.get("argilla", {}).get("reviewers", {})
    if not isinstance(named, dict) or not all(isinstance(name, str) and name.strip() for name in named.values()):
        msg = f'{file}: argilla.reviewers must be a table of user = "reviewer"'
        raise RequestError(msg)
    return dict(named)


def _gate(file: Path, content: dict[str, Any]) -> GateRules:
    table = content.get("gate", {})
    names = ("required", "no_waiver")
    if not isinstance(table, dict) or (unknown := sorted(set(table) - {*names, "max_error"})):
        msg = f"{file}: [gate] holds {', '.join(unknown) if isinstance(table, dict) else table!r}; expected the keys "
        raise RequestError(msg + "required, no_waiver and max_error alone")
    for key in names:
        if not isinstance(table.get(key, []), list) or not all(isinstance(each, str) for each in table.get(key, [])):
            msg = f"{file}: gate.{key} is {table[key]!r}, expected a list of names of gates"
            raise RequestError(msg)
    most = table.get("max_error")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int | float) or not 0 <= most <= 1):
        msg = f"{file}: gate.max_error is {most!r}, expected a share from 0 to 1"
        raise RequestError(msg)
    return GateRules(tuple(table.get("required", [])), tuple(table.get("no_waiver", [])), most)


def init(folder: Path) -> tuple[Settings, bool]:
    """Make a project: curator.toml and an empty store. True if it is new; an existing one is left as it is."""
    check_new(folder, "folder").mkdir(parents=True, exist_ok=True)
    created = not (folder / FILE).exists()
    if created:
        (folder / FILE).write_text(TEMPLATE, encoding="utf-8")
    settings = load(folder.resolve())
    Store.create(settings.store_file)
    return settings, created
