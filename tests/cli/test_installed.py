"""Installed as a tool: a wheel works outside a checkout, also beside a stranger's packages of the same names."""

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import httpx
import pytest

from pipelines.bench import served

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("curator", "pages", "pipelines", "storage", ".streamlit")
FILES = ("streamlit_app.py", "pyproject.toml", "README.md", "LICENSE")
CLASH = 'raise RuntimeError("a stranger\'s module was run in place of ours")\n'
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`curator` of an environment into which the wheel was installed; what it depends on comes from this one."""
    place = tmp_path_factory.mktemp("installed")
    source = place / "source"
    for name in PARTS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(place), "."]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (wheel,) = place.glob("curator-*.whl")
    environment = place / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(packages)
    here = {sysconfig.get_path("purelib"), *(path for path in sys.path if path.endswith("site-packages"))}
    (packages / "what_it_needs.pth").write_text("\n".join(sorted(here)))
    command = environment / "bin" / "curator"
    command.write_text(f"#!{environment}/bin/python\nimport sys\nfrom pipelines.cli import main\nsys.exit(main())\n")
    command.chmod(0o755)
    return command


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder in which somebody keeps packages called `pipelines`, `storage` and `pages`, and a module `curator`."""
    for name in ("pipelines", "storage", "pages"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(CLASH)
    (tmp_path / "curator.py").write_text(CLASH)
    return tmp_path


def run(tool: Path, desk: Path, *argv: str) -> dict[str, object]:
    variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "CURATOR_PROJECT")}
    done = subprocess.run(
        [str(tool), *argv, "--project", str(desk / "p"), "--json"],
        cwd=desk,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said


def test_the_loop_runs_from_data_to_a_trained_student_where_nobody_has_a_checkout(tool: Path, desk: Path) -> None:
    (desk / "task.toml").write_text('name = "d"\nlabels = ["sport", "money"]\n')
    texts = {"sport": "the team won match {}", "money": "the bank took fee {}"}
    rows = [{"id": f"{n}", "text": texts[label].format(n), "label": label} for n in range(30) for label in texts]
    (desk / "rows.jsonl").write_text("".join(json.dumps({**row, "id": f"{n}"}) + "\n" for n, row in enumerate(rows)))
    run(tool, desk, "init")
    run(tool, desk, "dataset", "create", "d", "--task", "task.toml")
    assert run(tool, desk, "ingest", "rows.jsonl")["added"] == 60
    run(tool, desk, "check")
    waived = [word for gate in ("certificate", "test_reviewed", "variety") for word in ("--waive", gate)]
    released = run(tool, desk, "release", "d", *waived, "--why", "a trial", "--who", "ana")
    assert run(tool, desk, "train", "sft", "--version", str(released["version"]), "--epochs", "1")["run"]


def test_the_app_opens_behind_its_door_with_its_pages_and_its_settings(tool: Path, desk: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url, log = f"http://127.0.0.1:{port}", desk / "log"
    with log.open("wb") as written:
        command = [str(tool), "app", "--project", str(desk / "p"), "--port", str(port)]
        process = subprocess.Popen(command, cwd=desk, stdout=written, stderr=written)
    try:
        served.wait(process, url, log)
        assert httpx.get(url).status_code == 403, "nobody gets in without the address that was printed"
        opened = httpx.get(served_address(log), follow_redirects=True)
        assert opened.status_code == 200
    finally:
        served.end(process)


def test_everything_beside_the_code_came_along(tool: Path) -> None:
    (packages,) = tool.parents[1].glob("lib/python*/site-packages")
    ours = [path for name in ("curator", "pages", "pipelines", "storage") for path in (ROOT / name).rglob("*")]
    needed = [
        path
        for path in ours
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.name[0] != "."
        and path.suffix not in (".md", ".pyc")
    ]
    assert sum(path.suffix != ".py" for path in needed) > 10
    for path in (*needed, ROOT / "streamlit_app.py", ROOT / "pages/frame/.streamlit/config.toml"):
        there = packages / path.relative_to(ROOT)
        assert there.is_file(), f"{path.relative_to(ROOT)} is not in the wheel"
        assert there.read_bytes() == path.read_bytes()


def served_address(log: Path) -> str:
    said = log.read_text().partition("Curator: ")[2]
    return said.split()[0]
