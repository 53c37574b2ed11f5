"""What every module keeps to, walked over the code itself: records and no bare dicts, one form of a step."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ("curator", "storage", "pipelines", "pages")
BARE = ("dict[str, Any]", "dict[str, object]", "Mapping[str, Any]", "Mapping[str, object]")
MOST_BARE = 18
"""Public functions that may return a dict without a form of its own. It only ever goes down; the aim is 20."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for layer in LAYERS:
        for file in sorted((ROOT / layer).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def public_functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """Public functions of the module, and public methods of its classes; those inside a function are its own affair."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield from (each for each in node.body if isinstance(each, ast.FunctionDef) and each.name[0] != "_")
        elif isinstance(node, ast.FunctionDef) and node.name[0] != "_":
            yield node


def bare(returns: ast.expr | None) -> bool:
    said = ast.unparse(returns) if returns is not None else ""
    return said == "dict" or any(each in said for each in BARE)


def test_few_public_functions_return_a_bare_dict() -> None:
    found = [
        (path, function.name)
        for path, module in modules()
        for function in public_functions(module)
        if bare(function.returns) and function.name != "as_json"
    ]
    assert len(found) <= MOST_BARE, found


def test_a_bare_dict_is_seen_wherever_it_hides() -> None:
    for said in ("dict[str, Any]", "list[dict[str, Any]]", "dict[str, Any] | None", "Mapping[str, Any]", "dict"):
        assert bare(ast.parse(said, mode="eval").body), said
    assert not bare(ast.parse("dict[str, int]", mode="eval").body)


STEPS = ("intake", "analysis", "review", "preferences", "release", "students")


def test_each_step_runs_as_config_store_ports_and_progress() -> None:
    other: dict[str, str] = {}
    seen = 0
    for room in STEPS:
        for file in sorted((ROOT / "pipelines" / room).glob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name == "run":
                    seen += 1
                    names = [each.arg for each in node.args.args]
                    # A release folder is verified without a store: it may be a stranger's.
                    wanted = ["config"] if path == "pipelines/release/verify.py" else ["config", "store"]
                    by_name = [each.arg for each in node.args.kwonlyargs]
                    if names[: len(wanted)] != wanted or by_name not in ([], ["progress"]):
                        other[path] = ast.unparse(node.args)
    assert seen > 15
    assert other == {}


WRITES = {"append", "execute", "executemany"}


def calls(node: ast.AST) -> set[tuple[str, str]]:
    """(owner, name) of each call below the node; the owner is empty for a plain name."""
    found: set[tuple[str, str]] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
            found.add(("", each.func.id))
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            found.add((ast.unparse(each.func.value), each.func.attr))
    return found


def reached(name: str, functions: dict[str, ast.FunctionDef]) -> set[tuple[str, str]]:
    """The calls of a function and of those of its own module that it calls."""
    todo, done, found = [name], set(), set()
    while todo:
        current = todo.pop()
        if current in done:
            continue
        done.add(current)
        here = calls(functions[current])
        found |= here
        todo += [each for owner, each in here if owner in ("", "self", "cls") and each in functions]
    return found


def functions_of(file: Path) -> dict[str, ast.FunctionDef]:
    module = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}


def writers() -> set[tuple[str, str]]:
    """(module, function) of the store that write something."""
    found: set[tuple[str, str]] = set()
    for file in (ROOT / "storage").rglob("*.py"):
        functions = functions_of(file)
        for name in functions:
            if any(owner in ("store", "connection") and call in WRITES for owner, call in reached(name, functions)):
                found.add((file.stem, name))
    return found


def test_each_step_that_writes_asks_for_permission_itself() -> None:
    stored = writers()
    assert {("runs", "record"), ("versions", "add"), ("clusters", "add"), ("figures", "add")} <= stored
    silent, seen = [], 0
    for room in (*STEPS, "admin"):
        for file in sorted((ROOT / "pipelines" / room).glob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            module = ast.parse(file.read_text(encoding="utf-8"))
            named = {
                a.asname or a.name: a.name
                for node in module.body
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("storage")
                for a in node.names
            }
            functions = functions_of(file)
            for function in public_functions(module):
                done = reached(function.name, functions)
                if any((named.get(owner, ""), call) in stored for owner, call in done):
                    seen += 1
                    if ("acting", "require") not in done:
                        silent.append((path, function.name))
    assert seen > 20
    assert silent == []


def test_no_two_public_types_are_named_alike() -> None:
    places: dict[str, list[str]] = {}
    for path, module in modules():
        for node in module.body:
            match node:
                case ast.ClassDef(name=name):
                    pass
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    if name.isupper() or not name[0].isupper():
                        continue  # a constant, or a page's variable
                case _:
                    continue
            if name[0] != "_":
                places.setdefault(name, []).append(path)
    assert len(places) > 250
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


MOST_ALIKE = 0
"""Names that public constants of two modules share. It only ever goes down; the aim is none."""


def test_no_two_public_constants_are_named_alike() -> None:
    places: dict[str, list[str]] = {}
    for path, module in modules():
        for node in module.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    if name.isupper() and name[0] != "_":  # what no other module uses begins with _
                        places.setdefault(name, []).append(path)
    assert len(places) > 250
    alike = {name: where for name, where in places.items() if len(where) > 1}
    assert len(alike) <= MOST_ALIKE, alike
