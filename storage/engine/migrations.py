"""Numbered steps from an empty file to today's tables. Each runs in one transaction with its record.

A step is never edited after a release: a change is a new step. Every appended record carries `seq`,
handed out by the one-row table `counter` inside the transaction that writes the record, so that
"the store as of seq n" is the set of rows with seq <= n.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from curator.errors import StoreError
from curator.records import context_key, message_from_json, shown_text


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number (from 1), what it is for, its SQL, and what is computed after it, in its transaction."""

    number: int
    name: str
    sql: str
    convert: Callable[[duckdb.DuckDBPyConnection], None] | None = None


def _conversations(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill what stands beside the text of the rows that are more than one user turn."""
    kept = connection.execute(
        "select example_id, messages from example where messages <> '[]' and "
        '(messages not like \'[{"role": "user", "parts": [{"kind": "text"%\' '
        "or length(messages) - length(replace(messages, '\"kind\"', '')) > 6)"
    ).fetchall()
    made = []
    for example, stored in kept:
        messages = tuple(message_from_json(m) for m in json.loads(stored))
        if (shown := shown_text(messages)) is not None:
            made.append((example, shown, context_key(messages)))
    for start in range(0, len(made), 2_000):
        rows = made[start : start + 2_000]
        connection.execute(
            "update example set shown = fresh.shown, context = fresh.context from (select unnest(?) as example_id, "
            "unnest(?) as shown, unnest(?) as context) fresh where example.example_id = fresh.example_id",
            [list(column) for column in zip(*rows, strict=True)],
        )


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        "records",
        """
        create table counter (value bigint not null);
        insert into counter values (0);

        create table task_definition (
            seq bigint not null, task_hash varchar primary key, definition varchar not null,
            created_at timestamp default current_timestamp);
        create table dataset (
            seq bigint not null, dataset varchar not null, task_hash varchar not null,
            created_at timestamp default current_timestamp);

        create table source_file (
            seq bigint not null, dataset varchar not null, file_hash varchar not null, name varchar not null,
            rows bigint not null, mapping varchar not null, created_at timestamp default current_timestamp);
        create table example (
            seq bigint not null, example_id varchar primary key, dataset varchar not null,
            external_id varchar not null, content_hash varchar not null, messages varchar not null,
            text varchar not null, source_group varchar, source varchar not null, occurred varchar,
            requested_split varchar, file_hash varchar, row_number bigint,
            created_at timestamp default current_timestamp);
        create table label (
            seq bigint not null, dataset varchar not null, example_id varchar not null, labeler varchar not null,
            kind varchar not null, version varchar not null, sample integer not null, value varchar not null,
            task_hash varchar not null, confidence double, request_key varchar, tokens_in bigint,
            tokens_out bigint, cost_usd double, latency_s double, created_at timestamp default current_timestamp);
        create table request_intent (
            seq bigint not null, request_key varchar primary key, dataset varchar not null,
            purpose varchar not null, created_at timestamp default current_timestamp);
        create table split_assignment (
            seq bigint not null, dataset varchar not null, example_id varchar not null, split varchar not null,
            reason varchar not null, created_at timestamp default current_timestamp,
            primary key (dataset, example_id));

        create table vector_row (
            seq bigint not null, encoder varchar not null, revision varchar not null,
            content_hash varchar not null, file varchar not null, row_number bigint not null,
            primary key (encoder, revision, content_hash));
        create table cluster_run (
            seq bigint not null, run varchar primary key, dataset varchar not null, encoder varchar not null,
            revision varchar not null, seed bigint not null, as_of_seq bigint not null, report varchar not null,
            created_at timestamp default current_timestamp);
        create table cluster_member (
            seq bigint not null, run varchar not null, example_id varchar not null, cluster integer not null,
            x float not null, y float not null);

        create table check_run (
            seq bigint not null, run varchar primary key, dataset varchar not null, labeler varchar not null,
            seed bigint not null, as_of_seq bigint not null, report varchar not null,
            created_at timestamp default current_timestamp);
        create table finding (
            seq bigint not null, run varchar not null, finding_id varchar not null, kind varchar not null,
            score double not null, example_ids varchar not null, evidence varchar not null,
            suggestion varchar not null);
        create table score (
            seq bigint not null, run varchar not null, example_id varchar not null, kind varchar not null,
            score double not null);

        create table plan (
            seq bigint not null, plan varchar primary key, dataset varchar not null, purpose varchar not null,
            labeler varchar not null, seed bigint not null, as_of_seq bigint not null, settings varchar not null,
            created_at timestamp default current_timestamp);
        create table plan_row (
            seq bigint not null, plan varchar not null, example_id varchar not null, stratum varchar not null,
            content_hash varchar not null, teacher_value varchar, drawn_value varchar,
            drawn_status varchar not null);
        create table review_task (
            seq bigint not null, task varchar primary key, plan varchar not null, dataset varchar not null,
            example_id varchar not null, stream varchar not null, stratum varchar not null,
            inclusion_probability double not null, position bigint not null, blind boolean not null,
            content_hash varchar not null, proposed varchar, why varchar not null);
        create table claim (task varchar primary key, reviewer varchar not null, expires double not null);
        create table review (
            seq bigint not null, task varchar not null, plan varchar not null, dataset varchar not null,
            example_id varchar not null, reviewer varchar not null, verdict varchar not null, value varchar,
            blind boolean not null, seconds double, note varchar, action_id varchar primary key,
            undoes varchar, created_at timestamp default current_timestamp);
        create table decision (
            seq bigint not null, decision varchar primary key, dataset varchar not null, action varchar not null,
            value varchar, reviewer varchar not null, reason varchar not null, finding_id varchar,
            example_ids varchar not null, created_at timestamp default current_timestamp);

        create table preference_pair (
            seq bigint not null, pair varchar primary key, dataset varchar not null, example_id varchar not null,
            chosen varchar not null, rejected varchar not null, source varchar not null,
            created_at timestamp default current_timestamp);
        create table dataset_version (
            seq bigint not null, dataset varchar not null, number integer not null, request_hash varchar not null,
            manifest_sha256 varchar not null, path varchar not null, manifest varchar not null,
            created_at timestamp default current_timestamp, primary key (dataset, number));
        create table training_run (
            seq bigint not null, run varchar not null, dataset varchar not null, version integer not null,
            kind varchar not null, base_model varchar not null, parent_run varchar, config varchar not null,
            status varchar not null, sampler_path varchar, state_path varchar, report varchar,
            created_at timestamp default current_timestamp);
        create table prediction (
            seq bigint not null, dataset varchar not null, version integer not null, contestant varchar not null,
            request_key varchar not null, example_id varchar not null, answer varchar not null,
            latency_s double, tokens_in bigint, tokens_out bigint);
        create table eval_report (
            seq bigint not null, report_id varchar primary key, dataset varchar not null,
            version integer not null, run varchar, report varchar not null,
            created_at timestamp default current_timestamp);
        create table audit_event (
            seq bigint not null, actor varchar not null, action varchar not null, subject varchar not null,
            detail varchar not null, created_at timestamp default current_timestamp);
        """,
    ),
    Migration(2, "adjudication", "alter table review add column adjudicates boolean default false;"),
    Migration(
        3,
        "several reviewers of one task",
        """
        alter table review_task add column overlap integer default 1;
        create table lease (
            task varchar not null, reviewer varchar not null, expires double not null, primary key (task, reviewer));
        insert into lease select task, reviewer, expires from claim; -- which `lease` replaces
        """,
    ),
    Migration(
        4,
        "figures over time",
        """
        create table figure (
            seq bigint not null, figure varchar primary key, dataset varchar not null, kind varchar not null,
            version integer, as_of_seq bigint not null, content varchar not null,
            created_at timestamp default current_timestamp);
        """,
    ),
    Migration(
        5,
        "roles, and links between audit events",
        """
        create table user_role (
            seq bigint not null, name varchar not null, role varchar not null, granted boolean not null,
            who varchar not null, why varchar not null, created_at timestamp default current_timestamp);
        create table audit_link (event_seq bigint primary key, hash varchar not null);
        """,
    ),
    Migration(
        6,
        "comparisons of two answers",
        """
        create table comparison (
            seq bigint not null, comparison varchar primary key, batch varchar not null, dataset varchar not null,
            example_id varchar not null, content_hash varchar not null, a_source varchar not null,
            b_source varchar not null, a varchar not null, b varchar not null, left_side varchar not null,
            position bigint not null, overlap integer not null, created_at timestamp default current_timestamp);
        create table preference (
            seq bigint not null, comparison varchar not null, dataset varchar not null, reviewer varchar not null,
            choice varchar not null, left_side varchar not null, seconds double, note varchar,
            action_id varchar primary key, undoes varchar, created_at timestamp default current_timestamp);
        """,
    ),
    Migration(
        7,
        "whole conversations, and columns that are kept",
        """
        alter table example add column shown varchar;
        alter table example add column context varchar;
        alter table example add column tools varchar;
        alter table example add column metadata varchar;
        """,
        _conversations,
    ),
    Migration(
        8,
        "from where on each act has its event",
        "create table audit_start (seq bigint not null); insert into audit_start select value from counter;",
    ),
    Migration(
        9,
        "hashes of the vectors' files",
        "create table vector_file (seq bigint not null, file varchar not null, bytes bigint not null, "
        "sha256 varchar not null);",
    ),
    Migration(
        10,
        "facts about rows that come later",
        """
        create table example_change (
            seq bigint not null, dataset varchar not null, example_id varchar not null, field varchar not null,
            value varchar not null, was varchar, file_hash varchar, row_number bigint, actor varchar not null,
            created_at timestamp default current_timestamp);
        """,
    ),
    Migration(
        11,
        "what people and models said elsewhere",
        """
        alter table review add column said_at varchar;
        alter table label add column said_at varchar;
        create table attempt (
            seq bigint not null, attempt varchar primary key, dataset varchar not null, example_id varchar not null,
            request_id varchar not null, sample integer not null, status varchar not null, model varchar,
            answer varchar, finish_reason varchar, error varchar, tokens_in bigint, tokens_out bigint,
            said_at varchar, file_hash varchar, created_at timestamp default current_timestamp);
        """,
    ),
    Migration(
        12,
        "answers that ended at the limit of tokens",
        "alter table prediction add column cut boolean;",
    ),
    Migration(
        13,
        "which answers files prefer",
        """
        create table given_choice (
            seq bigint not null, given_choice varchar primary key, comparison varchar not null,
            dataset varchar not null, labeler varchar not null, kind varchar not null, choice varchar not null,
            said_at varchar, note varchar, origin varchar not null, file_hash varchar, row_number bigint,
            created_at timestamp default current_timestamp);
        """,
    ),
    Migration(
        14,
        "what each request took",
        """
        alter table attempt add column latency_s double;
        alter table attempt add column cost_usd double;
        alter table attempt add column confidence double;
        """,
    ),
)


def applied(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the newest step that the file has, 0 for an empty file. Read-only."""
    try:
        newest = connection.execute("select max(number) from migration").fetchone()
    except duckdb.CatalogException:
        return 0
    return int(newest[0] or 0) if newest else 0


def require_current(connection: duckdb.DuckDBPyConnection, path: str, newest: int = MIGRATIONS[-1].number) -> None:
    """See that a file that may only be read has today's tables.

    Raises:
        StoreError: It has those of another Curator.
    """
    have = applied(connection)
    if have != newest:
        msg = (
            f"{path} has schema {have}, this Curator has {newest}, and the file may only be read: "
            "copy the project to where it can be written, or use the Curator that wrote it"
        )
        raise StoreError(msg)


def migrate(connection: duckdb.DuckDBPyConnection, path: str, steps: tuple[Migration, ...] = MIGRATIONS) -> list[int]:
    """Bring the file up to date and return the numbers of the steps that ran.

    Raises:
        StoreError: The file was written by a newer Curator.
    """
    have, newest = applied(connection), steps[-1].number
    if have > newest:
        msg = (
            f"{path} has schema {have}, this Curator knows up to {newest}: "
            "it was written by a newer version; upgrade Curator, or restore a backup"
        )
        raise StoreError(msg)
    done = []
    for step in steps[have:]:
        connection.execute("begin")
        try:
            connection.execute(
                "create table if not exists migration (number integer primary key, name varchar not null)"
            )
            connection.execute(step.sql)
            if step.convert is not None:
                step.convert(connection)
            connection.execute("insert into migration values (?, ?)", [step.number, step.name])
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
        done.append(step.number)
    return done
