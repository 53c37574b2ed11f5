"""What a dataset is labelled for: the kind of task, its labels or schema, and its rubric."""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from curator.errors import DataError
from curator.records.ids import digest
from curator.records.json_schema import check_schema, problem
from curator.records.json_text import read_exact, write_exact
from curator.records.names import check_shown
from curator.records.sql import check_dialect, tables_of
from curator.records.structured import BYTES, read_json, read_toml
from curator.records.types import TaskKind

_HALF = re.compile("[\ud800-\udfff]")
_KEYS = (
    "name",
    "kind",
    "labels",
    "rubric",
    "rubric_file",
    "schema",
    "database",
    "dialect",
    "max_error",
    "confidence",
    "edge_cases",
    "examples",
)


_DATABASES = (".sql", ".ddl", ".sqlite", ".sqlite3", ".db")
"""How a `database` ends that is a file beside the task file."""


@dataclass(frozen=True, slots=True)
class TaskExample:
    """An input with the right answer, which the teacher is shown.

    Attributes:
        input: The text.
        output: The answer, as a label would hold it.
        why: The reason; empty where none is given.
    """

    input: str
    output: str
    why: str = ""

    def as_json(self) -> dict[str, str]:
        """As a task file gives it."""
        return {"input": self.input, "output": self.output} | ({"why": self.why} if self.why else {})


@dataclass(frozen=True, slots=True)
class Task:
    """A task definition. `content_hash` names exactly this definition; each label remembers it.

    Of a task of kind sql, `database` is what the prompt shows (best CREATE TABLE …), `schema` may give its tables as
    {table: columns}, and `dialect` is SQL's, by sqlglot's name. `labels` maps a label to its definition (possibly
    empty). `max_error` is the target for the label error
    of a release, `confidence` the confidence of its bound; both in 0..1. `edge_cases` are hard cases, each with what is
    right, and `examples` inputs with their answers; the teacher is shown both.
    """

    name: str
    kind: TaskKind
    labels: dict[str, str]
    rubric: str
    schema: dict[str, Any] | None
    database: str | None
    max_error: float | None
    confidence: float
    content_hash: str
    dialect: str | None = None
    edge_cases: tuple[str, ...] = ()
    examples: tuple[TaskExample, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The definition without its hash, as stored. What came later is there where it says something."""
        later: dict[str, Any] = {} if self.dialect is None else {"dialect": self.dialect}
        later |= {"edge_cases": list(self.edge_cases)} if self.edge_cases else {}
        later |= {"examples": [each.as_json() for each in self.examples]} if self.examples else {}
        return {
            "name": self.name,
            "kind": self.kind,
            "labels": self.labels,
            "rubric": self.rubric,
            "schema": self.schema,
            "database": self.database,
            "max_error": self.max_error,
            "confidence": self.confidence,
        } | later

    def says_right(self) -> tuple[Any, ...]:
        """What of the definition says which answer is right: not its name, its target or its confidence."""
        said = (self.kind, self.labels, self.rubric.strip(), self.schema, self.database, self.dialect)
        return (*said, self.edge_cases, self.examples)

    def check_value(self, value: str) -> str:
        """The value as it is stored, or the reason why it is none.

        JSON keeps the order of its keys and every digit (a field of reasons before the answer is the point of it) and
        loses the white space between them.

        Raises:
            DataError: An unknown label, JSON that does not fit the schema, an empty answer.
        """
        if not value.strip():
            msg = "the label is empty"
            raise DataError(msg)
        if _HALF.search(value):
            msg = "the label holds half of a surrogate pair, which no UTF-8 file can hold"
            raise DataError(msg)
        if self.kind == "classification":
            if value in self.labels:
                return value
            near = difflib.get_close_matches(value.strip().lower(), [n.lower() for n in self.labels], 1)
            close = [name for name in self.labels if near and name.lower() == near[0]]
            hint = f"; did you mean {close[0]!r}?" if close else ""
            msg = f"unknown label {value[:80]!r}, expected one of {', '.join(list(self.labels)[:20])}{hint}"
            raise DataError(msg)
        if self.kind == "extraction":
            return self._check_json(value)
        return value

    def _check_json(self, value: str) -> str:
        try:
            parsed = read_exact(value)
            kept = write_exact(parsed)
        except DataError:  # nested too deep, or a key twice
            raise
        except ValueError as error:  # NaN, infinities and half surrogate pairs are Python's, not JSON's
            msg = f"the answer is not JSON: {error}"
            raise DataError(msg) from error
        if self.schema is not None:
            fault = problem(self.schema, parsed)
            if fault is not None:
                msg = f"the answer {fault}"
                raise DataError(msg)
        return kept


def make_task(definition: dict[str, Any]) -> Task:
    """Check a definition and give it its hash.

    Raises:
        DataError: An unknown key or kind, no labels for a classification, rates outside 0..1.
    """
    unknown = sorted(set(definition) - set(_KEYS))
    if unknown:
        msg = f"task: unknown key {unknown[0]!r}, expected {', '.join(_KEYS)}"
        raise DataError(msg)
    name, kind = definition.get("name"), definition.get("kind", "classification")
    if not isinstance(name, str) or not name.strip():
        msg = 'task: `name` is missing; give the task a name, e.g. name = "intent"'
        raise DataError(msg)
    if kind not in get_args(TaskKind):
        msg = f"task {name!r}: kind {kind!r} is unknown, expected {', '.join(get_args(TaskKind))}"
        raise DataError(msg)
    labels = _labels(name, definition.get("labels") or {})
    if kind == "classification" and len(labels) < 2:
        msg = f"task {name!r}: a classification needs at least two labels, found {len(labels)}"
        raise DataError(msg)
    schema = definition.get("schema")
    if schema is not None:
        schema = _json_schema(name, schema)
    rubric = definition.get("rubric") or ""
    if not isinstance(rubric, str):
        msg = f"task {name!r}: `rubric` must be text"
        raise DataError(msg)
    max_error = _rate(name, "max_error", definition.get("max_error"))
    confidence = _rate(name, "confidence", definition.get("confidence")) or 0.95
    database = definition.get("database")
    dialect = definition.get("dialect")
    if dialect is not None and (not isinstance(dialect, str) or kind != "sql"):
        msg = f"task {name!r}: `dialect` is the name of a dialect of SQL, and for tasks of kind sql alone"
        raise DataError(msg)
    body: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "labels": labels,
        "rubric": rubric,
        "schema": schema,
        "database": database,
        "max_error": max_error,
        "confidence": confidence,
    } | ({} if dialect is None else {"dialect": dialect})  # a task without one keeps its hash
    edge_cases = _edge_cases(name, definition.get("edge_cases"))
    examples = _examples(name, definition.get("examples"))
    body |= {"edge_cases": list(edge_cases)} if edge_cases else {}
    body |= {"examples": [each.as_json() for each in examples]} if examples else {}
    made = Task(content_hash=digest(body), **body | {"edge_cases": edge_cases, "examples": examples})
    for each in examples:
        try:
            made.check_value(each.output)
        except DataError as error:
            msg = f"task {name!r}: the example {each.input[:40]!r} has an output that does not fit: {error}"
            raise DataError(msg) from error
    return made


def _edge_cases(name: str, given: Any) -> tuple[str, ...]:  # noqa: ANN401 - raw TOML
    if given is None:
        return ()
    if not isinstance(given, list | tuple) or not all(isinstance(x, str) and x.strip() for x in given):
        msg = f"task {name!r}: `edge_cases` must be a list of sentences"
        raise DataError(msg)
    return tuple(given)


def _examples(name: str, given: Any) -> tuple[TaskExample, ...]:  # noqa: ANN401 - raw TOML
    found = []
    for each in given if isinstance(given, list | tuple) else [] if given is None else [given]:
        if isinstance(each, TaskExample):
            found.append(each)
            continue
        told = each if isinstance(each, dict) else {}
        if not {"input", "output"} <= told.keys() <= {"input", "output", "why"} or not all(
            isinstance(value, str) for value in told.values()
        ):
            msg = f"task {name!r}: `examples` must be tables [[examples]] with the texts input and output, perhaps why"
            raise DataError(msg)
        found.append(TaskExample(**told))
    return tuple(found)


def check_task(task: Task) -> Task:
    """See that a definition can be taken in now: stricter than what a store that was made before may hold.

    Raises:
        DataError: A schema that does not stand alone, or text that is too long.
        RequestError: A name that does not show as what it is.
    """
    check_shown(task.name, "task")
    for label in task.labels:
        check_shown(label, f"task {task.name!r}: label")
    if len(task.rubric) > BYTES:
        msg = f"task {task.name!r}: the rubric has {len(task.rubric):,} characters, at most {BYTES:,} are taken"
        raise DataError(msg)
    if task.dialect is not None and (why := check_dialect(task.dialect)) is not None:
        msg = f"task {task.name!r}: {why}"
        raise DataError(msg)
    if task.kind == "sql" and task.schema is not None and tables_of(None, task.schema) is None:
        msg = f'task {task.name!r}: the `schema` of a sql task gives its tables, {{"city": ["name", "state"]}}'
        raise DataError(msg)
    if task.schema is not None and task.kind != "sql":
        try:
            check_schema(task.schema)
        except DataError as error:
            msg = f"task {task.name!r}: `schema` is not a JSON schema that can be used: {error}"
            raise DataError(msg) from error
    return task


def parse_task(text: str, read_file: Callable[[str], str]) -> Task:
    """Read a task file (TOML). `read_file` gives the text of `rubric_file` or a schema file.

    Raises:
        DataError: Not TOML, or not a task.
    """
    definition = read_toml(text, "the task file")
    if isinstance(definition.get("task"), dict):  # [task] tables are accepted as well
        definition = definition["task"]
    rubric_file = definition.pop("rubric_file", None)
    if rubric_file is not None:
        if not isinstance(rubric_file, str):
            msg = f"`rubric_file` is {rubric_file!r}, expected the name of a file beside the task file"
            raise DataError(msg)
        definition["rubric"] = read_file(rubric_file)
    schema = definition.get("schema")
    if isinstance(schema, str) and not schema.lstrip().startswith("{"):
        definition["schema"] = read_file(schema)
    database = definition.get("database")
    if isinstance(database, str) and database.strip().lower().endswith(_DATABASES) and "\n" not in database:
        definition["database"] = read_file(database.strip())
    return check_task(make_task(definition))


def _labels(name: str, labels: Any) -> dict[str, str]:  # noqa: ANN401 - raw TOML
    if isinstance(labels, list) and all(isinstance(x, str) for x in labels):
        labels = dict.fromkeys(labels, "")
    if not isinstance(labels, dict) or not all(isinstance(x, str) for kv in labels.items() for x in kv):
        msg = f"task {name!r}: `labels` must be a list of names, or a table of name = definition"
        raise DataError(msg)
    bad = [label for label in labels if not label.strip() or label != label.strip()]
    if bad:
        msg = f"task {name!r}: label {bad[0]!r} is empty or has space at its ends"
        raise DataError(msg)
    return dict(labels)


def _json_schema(name: str, schema: Any) -> dict[str, Any]:  # noqa: ANN401 - raw TOML: text or a table
    """The schema as an object. What else it must be is asked of a task that is taken in (`check_task`)."""
    try:
        parsed = read_json(schema, "it") if isinstance(schema, str) else schema
    except ValueError as error:
        msg = f"task {name!r}: `schema` is not a JSON schema: {error}"
        raise DataError(msg) from error
    if not isinstance(parsed, dict):
        msg = f"task {name!r}: `schema` must be a JSON object"
        raise DataError(msg)
    return parsed


def _rate(name: str, key: str, value: Any) -> float | None:  # noqa: ANN401 - raw TOML
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.0 < float(value) < 1.0:
        msg = f"task {name!r}: `{key}` is {value!r}, expected a number between 0 and 1"
        raise DataError(msg)
    return float(value)
