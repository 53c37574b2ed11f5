"""What a project keeps to itself: its files, and the passwords in its addresses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from curator.errors import CuratorError, without_password
from pipelines.runtime.private import private_process
from tests.places import ROOT

PASSWORD = "hunter2-long"
ADDRESS = f"http://ana:{PASSWORD}@127.0.0.1:9"


def curator(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.cli", *argv]
    variables = {**os.environ, "OPENAI_API_KEY": "k", "ARGILLA_API_KEY": "k", **environment}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_a_password_in_a_servers_address_is_shown_nowhere(tmp_path: Path) -> None:
    project = str(tmp_path / "p")
    assert curator("init", project).returncode == 0
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"row {n},{'ab'[n % 2]}\n" for n in range(30)), encoding="utf-8")
    task = tmp_path / "task.toml"
    task.write_text('name = "t"\nlabels = ["a", "b"]', encoding="utf-8")
    assert curator("dataset", "create", "d", "--task", str(task), "--project", project).returncode == 0
    assert curator("ingest", str(rows), "--dataset", "d", "--source", "teacher", "--project", project).returncode == 0
    plan = json.loads(curator("plan", "--dataset", "d", "--reviews", "5", "--project", project, "--json").stdout)
    calls: list[tuple[list[str], dict[str, str]]] = [
        (["doctor"], {"ARGILLA_API_URL": ADDRESS, "TINKER_BASE_URL": ADDRESS}),
        (["route", "--plan", plan["plan"], "--to", "argilla"], {"ARGILLA_API_URL": ADDRESS}),
        (["label", "--dataset", "d", "--teacher", "m"], {"OPENAI_BASE_URL": ADDRESS}),
    ]
    for argv, environment in calls:
        for form in ([], ["--json"]):
            done = curator(*argv, *form, "--project", project, **environment)
            assert "127.0.0.1:9" in done.stdout + done.stderr, argv  # the address is told
            assert PASSWORD not in done.stdout + done.stderr, argv
    held = [file for file in Path(project).rglob("*") if file.is_file() and PASSWORD.encode() in file.read_bytes()]
    assert held == []


def test_an_error_tells_no_password_wherever_its_address_came_from() -> None:
    assert PASSWORD not in str(CuratorError(f"no server at {ADDRESS}/x?y=1"))
    assert PASSWORD not in f"{CuratorError(ADDRESS)}"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (ADDRESS, "http://ana:***@127.0.0.1:9"),
        ("https://key@host", "https://***@host"),
        ("postgresql+psycopg://u:p@ss@host/db", "postgresql+psycopg://u:***@host/db"),
        ("https://:p@host", "https://:***@host"),
        ("https://host/a@b", "https://host/a@b"),
        ("mail ana@host.example", "mail ana@host.example"),
        ("https://host:8080/x", "https://host:8080/x"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_a_log_tells_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    with private_process():
        sys.stderr.write(f"httpx.ConnectError: {ADDRESS}\n")
        sys.stderr.writelines([ADDRESS])
        sys.stderr.flush()
    assert PASSWORD not in capsys.readouterr().err


@pytest.mark.slow
def test_a_projects_files_are_their_owners_alone(tmp_path: Path) -> None:
    project = tmp_path / "p"
    curator("init", str(project))
    task = tmp_path / "task.toml"
    task.write_text('name = "t"\nlabels = ["a", "b"]', encoding="utf-8")
    curator("dataset", "create", "d", "--task", str(task), "--project", str(project))
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"row {n},{'abc'[n % 3]}\n" for n in range(30)), encoding="utf-8")
    curator("ingest", str(rows), "--dataset", "d", "--project", str(project))
    gates = [
        word for gate in ("certificate", "test_reviewed", "contradictions", "format") for word in ("--waive", gate)
    ]
    assert curator("release", "d", *gates, "--why", "a test", "--project", str(project)).returncode == 0
    made = [project, *project.rglob("*")]
    assert {path.name for path in made} >= {"curator.duckdb", "curator.toml", "rejects", "releases", "manifest.json"}
    assert [path for path in made if path.stat().st_mode & 0o077] == []
