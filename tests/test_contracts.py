"""What every module keeps to, walked over the code itself: records and no bare dicts, one form of a step."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = ("curator", "storage", "pipelines", "pages")
BARE = ("dict[str, Any]", "dict[str, object]", "Mapping[str, Any]", "Mapping[str, object]")
MOST_BARE = 57
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
