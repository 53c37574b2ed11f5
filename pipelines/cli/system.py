"""Commands about the installation: app, demo, doctor, backup, restore, bench."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from curator.errors import RequestError
from pipelines import bench as suites
from pipelines.admin import backup as backups
from pipelines.admin import doctor, keys, sign_in
from pipelines.cli.output import answer, as_json_wanted, named_project, plain, settings
from pipelines.runtime import child
from pipelines.runtime import settings as project_settings

_LOCAL = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("app")(serve)
    app.command("demo")(demo)
    app.command("doctor")(show_doctor)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("bench")(bench)


def serve(
    port: Annotated[int | None, typer.Option(help="Default 8501, or the next free one.")] = None,
    address: Annotated[str, typer.Option(help="What to listen to; beyond this machine only with a sign-in.")] = _LOCAL,
) -> int:
    """Open the browser app on the project. A folder without a project becomes an empty one.

    Without a sign-in it serves this machine alone, as one user with every role.
    """
    named = named_project()
    project = project_settings.init(Path(named))[0] if named else settings()
    chosen = port or _free_port()
    auth = sign_in.configured(project.project, os.environ)
    if auth is None and not sign_in.is_loopback(address):
        msg = f"--address {address} lets others in, so it needs a sign-in; see README, Several people"
        raise RequestError(msg)
    url = auth.origin.replace("{port}", str(chosen)) if auth else keys.local_address(project.project, chosen)
    mode = "with sign-in" if auth else "local single-user mode: no sign-in, this machine only"
    sys.stderr.write(f"Curator: {url}  (project {project.project}; {mode}; Ctrl-C ends it)\n")
    environment = child.environment({"CURATOR_PROJECT": str(project.project)})
    command = child.command("pages.frame.serve")
    command += ["--server.port", str(chosen), "--server.address", address, "--server.headless", "true"]
    if auth:  # else Streamlit would ask the internet for its own address, to know whom to let connect
        command += ["--browser.serverAddress", urlsplit(url).hostname or _LOCAL]
    with subprocess.Popen(command, env=environment, cwd=child.HOME) as server:
        # Who ends this command means the app: its port must not stay taken by a server that nobody knows of.
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            return max(0, server.wait())
        except KeyboardInterrupt:
            return 0


def _free_port(first: int = 8501) -> int:
    for port in range(first, first + 50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    msg = f"no free port from {first} to {first + 49}; name one with --port"
    raise RequestError(msg)


def demo(
    no_app: Annotated[bool, typer.Option("--no-app", help="End after the loop.")] = False,
    port: Annotated[int | None, typer.Option()] = None,
) -> int:
    """Run the whole loop on real data, then open the app."""
    from pipelines.demo import loop, summary

    project, _ = project_settings.init(Path(named_project() or "demo"))
    found = summary.collect(project.store, loop.run(project))
    answer(found.as_json(), text=summary.render(found))
    if no_app or as_json_wanted():
        return 0
    os.environ["CURATOR_PROJECT"] = str(project.project)
    return serve(port)


def show_doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Read everything that the project holds; says what to make anew, and how.")
    ] = False,
    loaders: Annotated[
        bool, typer.Option("--loaders", help="Install the trainers' own loaders, for `release --prove`, and list them.")
    ] = False,
) -> int:
    """What is installed, which adapters are real or embedded, and what is missing for each."""
    if loaders:
        return _show_loaders()
    try:
        project = settings()
    except RequestError:
        if named_project():
            raise  # a project that was asked for and is not there is news
        project = None
    found = doctor.examine(project)
    marks = {True: "ok", False: "MISSING"}
    text = "\n".join(
        [
            f"Curator {found.curator}, Python {found.python}",
            *(f"  {marks[p.ok]:<8}{p.name} {p.version or ''} {p.hint}" for p in found.packages),
            *(f"  {a.port:<16} {a.kind:<9} {a.name}; {a.hint}" for a in found.adapters),
            f"project: {found.project or 'none here; run `curator init`'}",
        ]
    )
    if not deep:
        return answer(found, 0 if found.ok else 1, text=text)
    return _deep(project or settings(), found, text)


def _deep(project: project_settings.Settings, found: doctor.DoctorReport, text: str) -> int:
    """The report with everything that the project holds looked at."""
    from pipelines.admin import deep_check

    checked = deep_check.run(project)
    told = "\n".join(
        [
            text,
            f"{checked.rows:,} rows and {checked.releases} releases read: {len(checked.problems) or 'no'} faults",
            *(f"  {p.what}: {p.why}; {p.do}" for p in checked.problems),
        ]
    )
    report = plain(found) | {"deep": checked}
    return answer(report, 0 if found.ok and not checked.problems else 1, text=told)


def _show_loaders() -> int:
    from pipelines import wiring

    found = wiring.loaders(install=True)
    text = "\n".join(
        [f"loaders in {found.folder}", *(f"  {name} {v or 'MISSING'}" for name, v in found.packages.items())]
    )
    return answer(found, 0 if all(found.packages.values()) else 1, text=text)


def backup(directory: Path) -> int:
    """Copy the project's store, vectors and releases into a folder, while it is in use."""
    report = backups.backup(settings(), directory)
    return answer(report, text=f"backup in {report.path}: {report.files} files, seq {report.seq}")


def restore(
    directory: Path,
    from_logical: Annotated[
        bool, typer.Option("--from-logical", help="Make the store anew from the backup's Parquet files.")
    ] = False,
) -> int:
    """Put a backup in place as a new project (`--project`, an empty or new folder), verified whole before it stands."""
    target = named_project()
    if not target:
        msg = "name the folder to restore into: --project DIR (new or empty)"
        raise RequestError(msg)
    report = backups.restore(directory, Path(target), from_logical=from_logical)
    text = f"restored to {report.path}: {report.files} files, each as the backup says"
    before = [f"  it was so when it was backed up: {fault}" for fault in report.faults]
    return answer(report, text="\n".join([text, *before]))


def bench(
    suite: Annotated[str, typer.Argument(help=" | ".join(suites.SUITES))],
    repetitions: Annotated[
        int | None, typer.Option(min=1, help="Simulated plans a setting (certificate), kills (faults).")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="Length of the run (store, review, soak).")] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Rows of the work beside it (review), or of the dataset (pages, doors).")
    ] = None,
    part: Annotated[str | None, typer.Option(help="One part alone (curation).")] = None,
    data: Annotated[Path | None, typer.Option(help="The folder with the public sets (curation).")] = None,
    keep: Annotated[
        Path | None,
        typer.Option(help="Where vectors stay for the next run (curation), or the report as it grows (faults)."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small sample, to see that it runs (curation, faults).")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of everything random (curation, faults, doors).")] = None,
) -> int:
    """Measure a promise on this machine."""
    options = {
        "repetitions": repetitions,
        "seconds": seconds,
        "rows": rows,
        "part": part,
        "data": data,
        "keep": keep,
        "seed": seed,
    }
    report, text = suites.run(suite, **options, quick=quick or None)
    return answer(report, 0 if report.passed else 1, text=text)
