"""SQL is compared by its structure, and read against the tables of its database."""

import pytest

from curator.errors import DataError
from curator.records import (
    answer_form,
    check_task,
    literals_of,
    make_task,
    parse_task,
    query_form,
    sql_faults,
    tables_of,
)

TASK = make_task({"name": "t", "kind": "sql"})
TABLES = {"city": frozenset(["name", "population", "state"]), "state": frozenset(["name", "area"])}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT name FROM city", "select  Name\nfrom City ;"),
        ("SELECT c.name FROM city AS c WHERE c.state = 'maine'", "SELECT x.name FROM city x WHERE 'maine' = x.state"),
        ("SELECT a FROM t WHERE b = 1 AND c = 'x' AND d > 2", "SELECT a FROM t WHERE 2 < d AND c = 'x' AND b = 1"),
        ("SELECT a FROM t WHERE (b = 1 OR c = 2) AND d = 3", "SELECT a FROM t WHERE d = 3 AND (c = 2 OR b = 1)"),
        ("SELECT a FROM t WHERE b <> 1", "SELECT a FROM t WHERE b != 1"),
    ],
)
def test_queries_of_one_structure_are_one_answer(one, other):
    assert answer_form(TASK, one) == answer_form(TASK, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT name FROM city WHERE state = 'Maine'", "SELECT name FROM city WHERE state = 'maine'"),
        ("SELECT name FROM city WHERE name LIKE 'a%'", "SELECT name FROM city WHERE name LIKE '%a'"),
        ("SELECT name FROM city WHERE population > 5", "SELECT name FROM city WHERE population < 5"),
        ("SELECT name FROM city WHERE population > 5", "SELECT name FROM city WHERE population > 6"),
        ("SELECT name FROM city WHERE a = 'x' AND b = 'y'", "SELECT name FROM city WHERE a = 'y' AND b = 'x'"),
        ("SELECT population FROM state", "SELECT density FROM state"),
        ("SELECT a FROM t ORDER BY b, c", "SELECT a FROM t ORDER BY c, b"),
        ("SELECT a - b FROM t", "SELECT b - a FROM t"),
        ("SELECT 'a  b'", "SELECT 'a b'"),
    ],
)
def test_queries_that_ask_for_something_else_are_not(one, other):
    assert query_form(one) is not None
    assert answer_form(TASK, one) != answer_form(TASK, other)


@pytest.mark.parametrize(
    ("sql", "rules"),
    [
        ("SELECT c.name FROM city c WHERE c.state = 'maine'", []),
        ("SELECT name FROM city WHERE population = (SELECT MAX(population) FROM city)", []),
        ("WITH big AS (SELECT name AS n FROM city) SELECT n FROM big", []),
        ("SELECT COUNT(*) AS k FROM city GROUP BY state ORDER BY k", []),
        ('SELECT name FROM city WHERE state = "maine"', []),
        ("SELECT capital FROM state", ["sql_unknown_column"]),
        ("SELECT c.area FROM city c, state s WHERE c.state = s.name", ["sql_unknown_column"]),
        ("SELECT name FROM river", ["sql_unknown_table"]),
        ("SELECT x.name FROM city c", ["sql_unknown_table"]),
        ("SELECT name FROM city; SELECT name FROM state", ["sql_several"]),
        ("DELETE FROM city WHERE name = 'x'", ["sql_writes"]),
        ("DROP TABLE city", ["sql_writes"]),
        ("SELECT name FROM city WHERE (", ["sql_unreadable"]),
        ("SELECT name FRM city WHERE", ["sql_unreadable"]),
        ("I am sorry", ["sql_unreadable"]),
        ("population", ["sql_no_statement"]),
    ],
)
def test_what_cannot_be_run_or_should_not_be_is_named(sql, rules):
    assert [fault.rule for fault in sql_faults(sql, "sqlite", TABLES)] == rules


def test_the_tables_come_from_the_script_or_from_a_list():
    script = (
        "CREATE TABLE City (name TEXT PRIMARY KEY, population INT);\nCREATE TABLE `state` (name varchar(5), area REAL)"
    )
    assert tables_of(script, None) == {"city": {"name", "population"}, "state": {"name", "area"}}
    assert tables_of("which city?", {"City": ["Name"]}) == {"city": {"name"}}
    assert tables_of("about cities", None) is None


def test_literals_are_read_with_what_they_are_held_against():
    found = literals_of("SELECT a FROM t WHERE b = 'it''s' AND t.c IN (1, 2.5) LIMIT 3")
    assert [(each.value, each.is_text, each.column) for each in found] == [
        ("it's", True, "b"), ("1", False, "c"), ("2.5", False, "c"),
    ]  # fmt: skip
    assert literals_of("no query at all, it says 5") == ()


def test_a_dialect_that_is_none_is_refused_and_a_task_without_one_keeps_its_hash():
    with pytest.raises(DataError, match="klingon"):
        check_task(make_task({"name": "t", "kind": "sql", "dialect": "klingon"}))
    with pytest.raises(DataError, match="kind sql alone"):
        make_task({"name": "t", "kind": "text", "dialect": "sqlite"})
    assert "dialect" not in TASK.as_json()
    read = parse_task(
        'name = "t"\nkind = "sql"\ndialect = "sqlite"\ndatabase = "schema.sql"', lambda name: f"-- {name}"
    )
    assert (read.database, read.dialect) == ("-- schema.sql", "sqlite")
