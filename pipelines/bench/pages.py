"""Is every page quick on a large dataset, in a real browser?

Each page of the app is opened in headless Chromium on a made-up project, once to warm the server's caches and then,
each time in a fresh profile, for the measurement. `painted` is the time from the address to the page's heading,
`settled` to a page that stands still (a map that is drawn). Memory is what the page's own processes hold
alone (their proportional set size), on Linux.
"""

import os
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curator.errors import OutsideError, RequestError
from pipelines.bench import synthetic
from pipelines.bench.served import ROOT, Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROWS = 100_000
WARM, VISITS = 1, 3
"""Visits to a page before and in the measurement."""
PAINTED_S, SETTLED_S, MEMORY_MB = 2.0, 3.0, 300.0
"""What is promised for 100,000 rows: each page painted, the map settled, and what any page may hold."""
PATIENCE_MS = 120_000
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
_HEADING = "[data-testid=stHeading]"
_STILL = (
    "() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]') "
    "&& !document.querySelector('[data-testid=stSkeleton]') "
    "&& [...document.querySelectorAll('[data-ref=map]')].every((map) => map.dataset.settled)"
)


@dataclass(frozen=True, slots=True)
class PageTime:
    """One page: medians of the visits, in seconds from the address; megabytes of its processes, where known.

    `server_s`: processor time of the server for one visit, which says what a busy machine's clock cannot.
    """

    path: str
    title: str
    painted_s: float
    settled_s: float
    server_s: float
    memory_mb: float | None
    passed: bool


def run(rows: int = ROWS, *, slack: float = 1.0) -> dict[str, Any]:
    """Measure every page. `slack` stretches the limits, for machines that do other things as well.

    Raises:
        OutsideError: playwright or Chromium is missing, or the app does not start.
        RequestError: There are no rows.
    """
    if rows < 1:
        msg = f"--rows is {rows}, expected at least 1"
        raise RequestError(msg)
    with tempfile.TemporaryDirectory(prefix="curator-pages-") as folder, _chromium() as browser:
        settings = synthetic.project(Path(folder) / "project", rows)
        with served(settings.project, Path(folder) / "app.log") as app:
            pages = [_measure(browser, app, path, title, slack) for path, title in listed()]
    return {
        "suite": "pages",
        "passed": all(page.passed for page in pages),
        "rows": rows,
        "allowed": {"painted_s": PAINTED_S * slack, "map_settled_s": SETTLED_S * slack, "memory_mb": MEMORY_MB},
        "load": os.getloadavg()[0],
        "pages": [asdict(page) for page in pages],
    }


def render(report: dict[str, Any]) -> str:
    """The report for a person."""
    lines = [
        f"pages {'passed' if report['passed'] else 'FAILED'}: {report['rows']:,} rows, load {report['load']:.1f}; "
        f"painted within {report['allowed']['painted_s']:.1f} s, the map settled within "
        f"{report['allowed']['map_settled_s']:.1f} s, at most {report['allowed']['memory_mb']:.0f} MB a page"
    ]
    for page in report["pages"]:
        memory = "" if page["memory_mb"] is None else f"{page['memory_mb']:6.0f} MB"
        times = "  ".join(f"{name} {page[f'{name}_s']:5.2f} s" for name in ("painted", "settled", "server"))
        lines.append(f"  {page['title']:<28} {times}  {memory}{'' if page['passed'] else '  TOO MUCH'}")
    return "\n".join(lines)


def listed() -> list[tuple[str, str]]:
    """Path and title of each page in the app's navigation; the first page has the empty path."""
    script = (ROOT / "streamlit_app.py").read_text(encoding="utf-8")
    found = re.findall(r'"pages/\w+/(\w+)\.py", title="([^"]+)"', script)
    return [("" if place == 0 else stem, title) for place, (stem, title) in enumerate(found)]


def _measure(browser: "Browser", app: Served, path: str, title: str, slack: float) -> PageTime:
    visits = [_visit(browser, app, path) for _ in range(WARM + VISITS)][WARM:]
    painted = statistics.median(visit.painted_s for visit in visits)
    settled = statistics.median(visit.settled_s for visit in visits)
    known = [visit.memory_mb for visit in visits if visit.memory_mb is not None]
    memory = max(known) if known else None
    slow = painted > PAINTED_S * slack or (path == "map" and settled > SETTLED_S * slack)
    passed = not slow and (memory is None or memory <= MEMORY_MB)
    server = statistics.median(visit.server_s for visit in visits)
    return PageTime(path, title, round(painted, 2), round(settled, 2), round(server, 2), memory, passed)


@dataclass(frozen=True, slots=True)
class _Visit:
    painted_s: float
    settled_s: float
    server_s: float
    memory_mb: float | None


def _visit(browser: "Browser", app: Served, path: str) -> _Visit:
    """Open a page in a profile of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        before, start = _cpu_seconds(app.pid), time.perf_counter()
        page.goto(f"{app.url}/{path}", wait_until="commit")
        page.wait_for_selector(_HEADING, timeout=PATIENCE_MS)
        painted = time.perf_counter() - start
        page.wait_for_function(_STILL, timeout=PATIENCE_MS)
        settled = time.perf_counter() - start
        page.wait_for_timeout(500)  # tables and charts draw themselves after the script has ended
        if page.locator("[data-testid=stException]").count():
            msg = f"the page /{path} shows an error; open it with `curator app` to read it"
            raise OutsideError(msg)
        return _Visit(painted, settled, _cpu_seconds(app.pid) - before, _megabytes(_renderers()))
    finally:
        context.close()


@contextmanager
def _chromium() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        msg = (
            "playwright is missing: `pip install playwright`, and Chromium beside it (Debian: apt-get install chromium)"
        )
        raise OutsideError(msg) from error
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None:
        msg = "Chromium is missing: on Debian `apt-get install chromium`"
        raise OutsideError(msg)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def _cpu_seconds(pid: int) -> float:
    """Processor seconds of a process so far; 0 where the system does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _renderers() -> list[int]:
    """Process ids of the renderers of the Chromium that descends from this process: the page's, and a spare one."""
    proc = Path("/proc")
    parents: dict[int, int] = {}
    renderers: list[int] = []
    for folder in proc.iterdir() if proc.is_dir() else ():
        if not folder.name.isdigit():
            continue
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                renderers.append(int(folder.name))
        except OSError:
            continue  # it has just ended
    return [pid for pid in renderers if os.getpid() in _ancestors(pid, parents)]


def _ancestors(pid: int, parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while pid in parents and parents[pid] not in found:
        pid = parents[pid]
        found.add(pid)
    return found


def _megabytes(pids: Sequence[int]) -> float | None:
    """Proportional set size of processes; None where it cannot be read."""
    total = 0
    for pid in pids:
        try:
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(kilobytes) for kilobytes in re.findall(r"^Pss:\s+(\d+) kB", told, re.MULTILINE))
    return round(total / 1024, 1) if total else None
