"""Queries on a sample database: what is right by its rows, and what a query may not do."""

import sqlite3
from pathlib import Path

import pytest

from curator.errors import RequestError
from curator.records import make_task
from pipelines.students.sql_results import QueryError, execute_all, open_database, rows_of

SCRIPT = """
create table city (name text, state text, pop integer);
insert into city values ('Oslo', 'NO', 700), ('Bergen', 'NO', 280), ('Rome', 'IT', 2800);
"""
TASK = make_task({"name": "t", "kind": "sql", "database": SCRIPT})


@pytest.fixture
def database():
    made = open_database(TASK)
    assert made is not None
    yield made
    made.close()


def test_a_query_is_right_if_it_gives_the_same_rows_and_order_counts_where_the_true_one_orders(database):
    ordered = "select name from city order by pop desc"
    pairs = [
        ("select name from city where state = 'NO'", "SELECT c.name FROM city c WHERE c.pop < 1000 ORDER BY pop", True),
        (ordered, "select name from city order by pop", False),
        (ordered, "select name from city order by -pop", True),
        ("select count(*) from city", "select 3.0", True),
        ("select name from city", "select name from city limit 2", False),
        ("select name from city where pop > 9000", "select name from city where pop > 9000", None),
        ("select nothing from nowhere", "select 1", None),
    ]
    found = execute_all(database, [t for t, _, _ in pairs], [s for _, s, _ in pairs])
    assert [each.same for each in found] == [same for _, _, same in pairs]
    assert execute_all(database, ["select 1"], [None])[0].fault == "no query"


@pytest.mark.parametrize(
    "query",
    [
        "delete from city",
        "insert into city values ('x', 'y', 1)",
        "create table x (a)",
        "attach database '/tmp/x' as x",
        "pragma table_info(city)",
        "select load_extension('x')",
        "select 1; drop table city",
        "select writefile('/tmp/x', 'y')",
        "",
    ],
)
def test_a_query_reads_and_does_nothing_else(database, query):
    with pytest.raises(QueryError):
        rows_of(database, query)
    assert rows_of(database, "select count(*) from city") == [(3,)]


def test_a_query_that_never_ends_is_ended_and_one_that_gives_too_much_is_refused(database):
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n"
    with pytest.raises(QueryError, match="steps"):
        rows_of(database, endless, steps=1_000_000)
    with pytest.raises(QueryError, match="rows"):
        rows_of(database, endless.replace("count(*)", "x"))
    with pytest.raises(QueryError):
        rows_of(database, "select length(zeroblob(900000000))")


def test_a_file_is_read_and_never_written(tmp_path: Path):
    file = tmp_path / "geo.sqlite"
    with sqlite3.connect(file) as made:
        made.executescript(SCRIPT)
    made.close()
    before = file.read_bytes()
    opened = open_database(make_task({"name": "t", "kind": "sql"}), file)
    assert opened is not None
    with pytest.raises(QueryError):
        rows_of(opened, "update city set pop = 1")
    opened.close()
    assert file.read_bytes() == before
    script = tmp_path / "geo.sql"
    script.write_text(SCRIPT)
    assert open_database(make_task({"name": "t", "kind": "sql"}), script) is not None


def test_a_database_without_rows_compares_nothing_and_a_file_that_is_none_is_told(tmp_path: Path):
    assert open_database(make_task({"name": "t", "kind": "sql", "database": "create table a (b)"})) is None
    assert open_database(make_task({"name": "t", "kind": "sql", "database": "the tables of geography"})) is None
    empty = tmp_path / "empty.sql"
    empty.write_text("create table a (b)")
    for file, said in ((empty, "no table holds a row"), (tmp_path / "no.db", "no such file")):
        with pytest.raises(RequestError, match=said):
            open_database(TASK, file)
    with pytest.raises(RequestError, match="queries alone are run"):
        open_database(make_task({"name": "t", "kind": "text"}), empty)
