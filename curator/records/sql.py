"""SQL by its structure: which queries are the same, what a query names, and what is wrong with it.

sqlglot parses; it is imported on first use. A query that no dialect reads has no form. Literals are taken out before a
query is parsed and put back after: many thousand queries have a few hundred shapes, and each of these is parsed once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Tables = Mapping[str, frozenset[str]]
"""A database's tables and their columns, in lower case."""
_GUESSES = ("sqlite", "mysql", "postgres", "bigquery", "tsql", "snowflake", "oracle")
_KEPT = 50_000  # parsed queries
_PLAIN = ("rowid", "oid", "_rowid_", "*")


_LITERAL = re.compile(
    r"""'(?:[^']|'')*'|(?P<open>[=<>(,]\s*|\b(?:LIKE|AND|BETWEEN|IN|THEN|ELSE)\s+)(?P<double>"[^"]*")(?!\s*\.)"""
    r"""|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|(?<![\w.$])\d+(?:\.\d+)?(?![\w.])""",
    re.IGNORECASE | re.DOTALL,
)
_TEXT, _NUMBER = "'§{}§'", "88{:08d}"  # what stands for a literal in a shape
_MARK = re.compile(r"'§(\d+)§'|\b88(\d{8})\b")


@dataclass(frozen=True, slots=True)
class SqlFault:
    """One thing that is wrong with a query: `rule` names its kind, `detail` says it."""

    rule: str
    detail: str


def check_dialect(name: str) -> str | None:
    """Why a dialect cannot be used, or None."""
    from sqlglot.dialects import Dialects

    known = sorted(each.value for each in Dialects if each.value)
    return None if name in known else f"dialect {name!r} is unknown, expected one of {', '.join(known)}"


@lru_cache(maxsize=_KEPT)
def _parsed(sql: str, dialect: str | None) -> tuple[Any, ...] | str:
    """The statements of a query, or why it cannot be read; without a dialect the first one that reads it."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    sqlglot.parser.logger.setLevel("ERROR")  # what it takes for a command is judged here, not printed
    why = ""
    for name in (dialect,) if dialect else _GUESSES:
        try:
            return tuple(each for each in sqlglot.parse(sql, read=name) if each is not None)
        except (SqlglotError, RecursionError, ValueError) as error:
            why = why or " ".join(str(error).split())[:160]
    return why or "it cannot be read"


@lru_cache(maxsize=_KEPT)
def _shape(sql: str, dialect: str | None) -> tuple[str, tuple[str, ...]]:
    """The query with marks for its literals, and these as written; where that cannot be read, the query itself."""
    literals: list[str] = []

    def mark(found: re.Match[str]) -> str:
        text = found["double"] or found[0]
        if text[0] in "`[-/" or (text[0] == '"' and found["double"] is None):
            return found[0]  # a name or a comment
        literals.append(text)
        made = (_TEXT if text[0] in "'\"" else _NUMBER).format(len(literals) - 1)
        return (found["open"] or "") + made

    shape = _LITERAL.sub(mark, sql)
    if _MARK.search(sql) or isinstance(_parsed(shape, dialect), str):
        return sql, ()
    return shape, tuple(literals)


def _filled(text: str, literals: Sequence[str]) -> str:
    return _MARK.sub(lambda found: literals[int(found[1] or found[2])], text) if literals else text


def query_form(sql: str, dialect: str | None = None) -> str | None:
    """One text for all queries that are the same but for case, spaces, aliases, and the order of conditions.

    Literals stay as they are. None where the text is no query.

    >>> query_form("select t.Name from City as t where t.pop > 5 and 'a' = t.state;")
    "SELECT name FROM city WHERE 5 < pop AND 'a' = state"
    >>> query_form("population of maine")
    """
    shape, literals = _shape(sql, dialect)
    found = _parsed(shape, dialect)
    if isinstance(found, str) or not found or not any(map(_is_statement, found)):
        return None
    return _filled(_written(shape, dialect), literals)


@lru_cache(maxsize=_KEPT)
def _written(shape: str, dialect: str | None) -> str:
    statements = _parsed(shape, dialect)
    return "; ".join(_normal(each, dialect) for each in statements if not isinstance(each, str))


def _is_statement(tree: Any) -> bool:  # noqa: ANN401 - sqlglot's classes are many
    from sqlglot import exp

    kinds = (exp.Query, exp.DML, exp.DDL, exp.Alter, exp.Drop, exp.Command, exp.Pragma, exp.Set, exp.TruncateTable)
    return isinstance(tree, kinds)


def _normal(tree: Any, dialect: str | None) -> str:  # noqa: ANN401 - a sqlglot expression
    from sqlglot import exp

    tree = tree.copy()
    for name in tree.find_all(exp.Identifier):
        if not name.args.get("quoted"):
            name.set("this", name.name.lower())
    tables = [*tree.find_all(exp.Table)]
    if len(tables) == 1 and not tree.find(exp.Subquery, exp.CTE):
        tables[0].set("alias", None)
        for column in tree.find_all(exp.Column):
            column.set("table", None)
    else:
        _rename(tree)
    tree = tree.transform(_sorted)
    _sort_conditions(tree)
    return str(tree.sql(dialect=dialect or "sqlite", comments=False))


def _rename(tree: Any) -> None:  # noqa: ANN401 - a sqlglot expression
    """Name every table by its place among those of its name, whether it has an alias or none."""
    from sqlglot import exp

    own = {each.alias for each in tree.find_all(exp.CTE)}
    named: dict[str, str] = {}
    counts: dict[str, int] = {}
    for table in tree.find_all(exp.Table, exp.Subquery, bfs=False):
        base = table.name if isinstance(table, exp.Table) else "sub"
        alias = table.alias or base
        if (isinstance(table, exp.Table) or table.alias) and base not in own:
            if alias not in named:
                counts[base] = counts.get(base, 0) + 1
                named[alias] = f"{base}_{counts[base]}"
            table.set("alias", exp.TableAlias(this=exp.to_identifier(named[alias])))
    for column in tree.find_all(exp.Column):
        if column.table in named:
            column.set("table", exp.to_identifier(named[column.table]))


def _sorted(node: Any) -> Any:  # noqa: ANN401 - sqlglot expressions
    """A node whose order says nothing, in one order: the sides of a comparison, the list of IN."""
    from sqlglot import exp

    if isinstance(node, exp.EQ | exp.NEQ) and _place(node.right) < _place(node.left):
        return type(node)(this=node.right, expression=node.left)
    if isinstance(node, exp.GT | exp.GTE):
        turned = exp.LT if isinstance(node, exp.GT) else exp.LTE
        return turned(this=node.right, expression=node.left)
    if isinstance(node, exp.In) and node.expressions:
        node.set("expressions", sorted(node.expressions, key=_place))
    return node


def _sort_conditions(tree: Any) -> None:  # noqa: ANN401 - a sqlglot expression
    """Bring what AND and OR join into one order, the innermost first."""
    from sqlglot import exp

    for node in [*tree.find_all(exp.And, exp.Or)][::-1]:
        if not isinstance(node.parent, type(node)):
            parts = sorted((part.copy() for part in node.flatten()), key=_place)
            combined = parts[0]
            for part in parts[1:]:
                combined = type(node)(this=combined, expression=part)
            node.replace(combined)


def _place(node: Any) -> str:  # noqa: ANN401 - a sqlglot expression
    """What a node is sorted by: whatever its literals are, for they are marks here."""
    return _MARK.sub("?", str(node.sql()))


@dataclass(frozen=True, slots=True)
class SqlLiteral:
    """A literal of a query: what it says, whether it is text, and the column that it is held against ("" for none)."""

    value: str
    is_text: bool
    column: str


def literals_of(sql: str, dialect: str | None = None) -> tuple[SqlLiteral, ...]:
    """The literals of a query in order; none where it is no query.

    A name in double quotes after a sign of comparison is taken for a text, as SQLite and MySQL do where no column has
    it; the number of a LIMIT is left out.

    >>> [(each.value, each.column) for each in literals_of("select a from t where b = 'x y' and t.c > 5 limit 1")]
    [('x y', 'b'), ('5', 'c')]
    """
    shape, literals = _shape(sql, dialect)
    columns = _columns(shape, dialect)
    return tuple(
        SqlLiteral(text[1:-1].replace("''", "'") if text[0] in "'\"" else text, text[0] in "'\"", columns[place])
        for place, text in enumerate(literals)
        if place in columns
    )


@lru_cache(maxsize=_KEPT)
def _columns(shape: str, dialect: str | None) -> Mapping[int, str]:
    """The marks of a shape, but for those of LIMIT and OFFSET, each with the column that it is held against."""
    from sqlglot import exp

    trees = _parsed(shape, dialect)
    found: dict[int, str] = {}
    if isinstance(trees, str) or not any(map(_is_statement, trees)):
        return found
    for node in (node for tree in trees for node in tree.find_all(exp.Literal)):
        mark = _MARK.fullmatch(str(node.sql()))
        if mark is None or node.find_ancestor(exp.Limit, exp.Offset):
            continue
        against = node.find_ancestor(exp.Predicate)
        column = against.find(exp.Column) if against is not None else None
        found[int(mark[1] or mark[2])] = "" if column is None else column.name.lower()
    return found


def tables_of(database: str | None, schema: Mapping[str, Any] | None, dialect: str | None = None) -> Tables | None:
    """The tables that a task's `database` (CREATE TABLE …) or `schema` ({table: columns}) tells, or None.

    >>> sorted(tables_of("create table City (Name text, pop int)", None)["city"])
    ['name', 'pop']
    """
    from sqlglot import exp

    tables: dict[str, frozenset[str]] = {}
    for name, columns in (schema or {}).items():
        if isinstance(columns, Mapping | list) and all(isinstance(each, str) for each in columns):
            tables[name.lower()] = frozenset(str(each).lower() for each in columns)
    if database and not tables:
        given = _whole_or_parts(database, dialect)
        for made in given:
            if isinstance(made, exp.Create) and isinstance(made.this, exp.Schema):
                columns = [each.name.lower() for each in made.this.expressions if isinstance(each, exp.ColumnDef)]
                tables[made.this.this.name.lower()] = frozenset(columns)
    return tables or None


def _whole_or_parts(text: str, dialect: str | None) -> Sequence[Any]:
    """The statements of a script; where it cannot be read as one, those of its parts that can."""
    found = _parsed(text, dialect)
    if not isinstance(found, str):
        return found
    parts = [_parsed(part, dialect) for part in text.split(";") if part.strip()]
    return [each for part in parts if not isinstance(part, str) for each in part]


def sql_faults(sql: str, dialect: str | None = None, tables: Tables | None = None) -> list[SqlFault]:
    """What is wrong with a query, by its text and the tables that there are.

    >>> [each.rule for each in sql_faults("select nam from city; drop table city", None, {"city": frozenset(["name"])})]
    ['sql_several', 'sql_writes', 'sql_unknown_column']
    """
    shape, literals = _shape(sql, dialect)
    known = None if tables is None else tuple(sorted((name, columns) for name, columns in tables.items()))
    return [SqlFault(each.rule, _filled(each.detail, literals)) for each in _faults(shape, dialect, known)]


@lru_cache(maxsize=_KEPT)
def _faults(
    shape: str, dialect: str | None, known: tuple[tuple[str, frozenset[str]], ...] | None
) -> tuple[SqlFault, ...]:
    from sqlglot import exp

    found = _parsed(shape, dialect)
    if isinstance(found, str):
        return (SqlFault("sql_unreadable", found),)
    statements = [each for each in found if _is_statement(each)]
    if not statements:
        return (SqlFault("sql_no_statement", f"{shape.strip()[:80]!r} is no statement"),)
    faults = []
    if len(found) > 1:
        faults.append(SqlFault("sql_several", f"{len(found)} statements"))
    writes = [each for each in statements if not isinstance(each, exp.Query) or each.find(exp.Into)]
    if writes:
        faults.append(SqlFault("sql_writes", f"{writes[0].key.upper()} is no query"))
    if known is not None:
        faults += [fault for each in statements for fault in _unknown(each, dict(known))]
    return tuple(dict.fromkeys(faults))


def _unknown(tree: Any, tables: Tables) -> list[SqlFault]:  # noqa: ANN401 - a sqlglot expression
    """Tables and columns that the database does not have; what a query names itself is known."""
    from sqlglot import exp

    own = {each.alias.lower() for each in tree.find_all(exp.CTE, exp.Subquery) if each.alias}
    faults = []
    by_alias: dict[str, frozenset[str] | None] = dict.fromkeys(own)
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        columns = tables.get(name)
        if columns is None and name not in own and name:
            faults.append(SqlFault("sql_unknown_table", f"there is no table {table.name!r}"))
        by_alias[(table.alias or table.name).lower()] = columns
    named = {each.alias.lower() for each in tree.find_all(exp.Alias) if each.alias}
    named |= {each.name.lower() for alias in tree.find_all(exp.TableAlias) for each in alias.args.get("columns") or []}
    open_ = any(columns is None for columns in by_alias.values())
    every: frozenset[str] = frozenset[str]().union(*(columns for columns in by_alias.values() if columns))
    for column in tree.find_all(exp.Column):
        name, of = column.name.lower(), column.table.lower()
        if name in _PLAIN or name in named or (column.this.args.get("quoted") and not of):
            continue
        columns = by_alias.get(of) if of else (None if open_ else every)
        if of and of not in by_alias:
            faults.append(SqlFault("sql_unknown_table", f"there is no table or alias {column.table!r}"))
        elif columns is not None and name not in columns:
            faults.append(SqlFault("sql_unknown_column", f"there is no column {column.sql()!r}"))
    return faults
