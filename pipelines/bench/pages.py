"""Is every page quick on a large dataset, in a real browser?

Each page of the app is opened in headless Chromium on a made-up project, once to warm the caches of server and browser,
and then for the measurement, each time in a new tab of one profile, as people open it who use the app. `first_paint` is
the browser's own First Contentful Paint (W3C Paint Timing), `painted` the time from the address to the page's heading,
`settled` to a page that stands still (a map that is drawn). `fresh` is `painted` in a profile that never saw the app,
which has Streamlit's scripts to load and to compile first; it is reported, not judged. Memory is what the page's own
processes hold alone (their proportional set size), on Linux. Last, cards of the review queue are skipped at a key each
50 ms, to see how soon the next one is drawn.
"""

import os
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curator.errors import OutsideError, RequestError
from pipelines.bench import keys, synthetic
from pipelines.bench.served import ROOT, Served, served

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Playwright

_ROWS = 100_000
WARM, VISITS, FRESH = 1, 3, 1
"""Visits to a page before and in the measurement, and in fresh profiles."""
PAINTED_S, SETTLED_S, MEMORY_MB = 2.0, 3.0, 300.0
"""What is promised for 100,000 rows: each page painted, the map settled, and what any page may hold."""
_PATIENCE_MS = 120_000
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
_HEADING = "[data-testid=stHeading]"
_FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
_STILL = (
    "() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]') "
    "&& !document.querySelector('[data-testid=stSkeleton]') "
    "&& [...document.querySelectorAll('[data-ref=map]')].every((map) => map.dataset.settled)"
)


@dataclass(frozen=True, slots=True)
class PageTime:
    """One page: medians of the visits, in seconds from the address; megabytes of its processes, where known.

    `server_s`: processor time of the server for one visit, which says what a busy machine's clock cannot. `fresh_s`:
    None where no fresh profile was asked for.
    """

    path: str
    title: str
    first_paint_s: float
    painted_s: float
    settled_s: float
    server_s: float
    fresh_s: float | None
    memory_mb: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is promised: seconds, megabytes, milliseconds."""

    painted_s: float
    map_settled_s: float
    memory_mb: float
    next_card_p95_ms: float


@dataclass(frozen=True, slots=True)
class PagesBench:
    """How quick the pages are.

    Attributes:
        suite, passed: Which promise, and whether it holds.
        rows: Of the project.
        allowed: The promise.
        load: The machine's load average.
        next_card: The review queue at a key each 50 ms.
        pages: Each page.
    """

    suite: str
    passed: bool
    rows: int
    allowed: Allowed
    load: float
    next_card: keys.NextCard
    pages: tuple[PageTime, ...]


def run(rows: int = _ROWS, *, slack: float = 1.0) -> PagesBench:
    """Measure every page. `slack` stretches the limits, for machines that do other things as well.

    Raises:
        OutsideError: playwright or Chromium is missing, or the app does not start.
        RequestError: There are no rows.
    """
    if rows < 1:
        msg = f"--rows is {rows}, expected at least 1"
        raise RequestError(msg)
    with tempfile.TemporaryDirectory(prefix="curator-pages-") as folder, _chromium() as chromium:
        settings = synthetic.project(Path(folder) / "project", rows)
        with served(settings.project, Path(folder) / "app.log") as app:
            with chromium.profile(Path(folder) / "profile") as profile:
                known = {path: [_visit(profile, app, path) for _ in range(WARM + VISITS)] for path, _ in listed()}
                card = keys.next_card(profile, app.url)
            fresh: dict[str, list[_Visit]] = {path: [] for path in known}
            for n, path in ((n, path) for path in known for n in range(FRESH)):
                with chromium.profile(Path(folder) / f"fresh-{path}-{n}") as profile:
                    fresh[path].append(_visit(profile, app, path))
        pages = tuple(_page(path, title, known[path][WARM:], fresh[path], slack) for path, title in listed())
    card_ms = keys.NEXT_CARD_P95_MS * slack
    return PagesBench(
        suite="pages",
        passed=all(page.passed for page in pages) and card.p95_ms is not None and card.p95_ms <= card_ms,
        rows=rows,
        allowed=Allowed(PAINTED_S * slack, SETTLED_S * slack, MEMORY_MB, card_ms),
        load=os.getloadavg()[0],
        next_card=card,
        pages=pages,
    )


def render(report: PagesBench) -> str:
    """The report for a person."""
    lines = [
        f"pages {'passed' if report.passed else 'FAILED'}: {report.rows:,} rows, load {report.load:.1f}; "
        f"painted within {report.allowed.painted_s:.1f} s, the map settled within "
        f"{report.allowed.map_settled_s:.1f} s, at most {report.allowed.memory_mb:.0f} MB a page"
    ]
    for page in report.pages:
        memory = "" if page.memory_mb is None else f"{page.memory_mb:6.0f} MB"
        known = [("first paint", page.first_paint_s), ("painted", page.painted_s), ("settled", page.settled_s)]
        known += [] if page.fresh_s is None else [("fresh", page.fresh_s)]
        times = "  ".join(f"{name} {seconds:5.2f} s" for name, seconds in [*known, ("server", page.server_s)])
        lines.append(f"  {page.title:<28} {times}  {memory}{'' if page.passed else '  TOO MUCH'}")
    card, allowed = report.next_card, report.allowed.next_card_p95_ms
    if card.keys:
        times = f"median {card.median_ms:.1f} ms, p95 {card.p95_ms:.1f} ms (allowed {allowed:.0f} ms)"
        lines.append(f"  the next card of the review queue after each of {card.keys} keys: {times}")
    else:
        lines.append("  the review queue showed no next card")
    return "\n".join(lines)


def listed() -> list[tuple[str, str]]:
    """Path and title of each page in the app's navigation; the first page has the empty path."""
    script = (ROOT / "pages" / "frame" / "sections.py").read_text(encoding="utf-8")
    found = re.findall(r'"pages/\w+/(\w+)\.py", "([^"]+)"', script)
    return [("" if place == 0 else stem, title) for place, (stem, title) in enumerate(found)]


def _page(path: str, title: str, known: Sequence["_Visit"], fresh: Sequence["_Visit"], slack: float) -> PageTime:
    painted = _median(visit.painted_s for visit in known)
    settled = _median(visit.settled_s for visit in known)
    held = [visit.memory_mb for visit in known if visit.memory_mb is not None]
    memory = max(held) if held else None
    slow = painted > PAINTED_S * slack or (path == "map" and settled > SETTLED_S * slack)
    return PageTime(
        path=path,
        title=title,
        first_paint_s=_median(visit.first_paint_s for visit in known),
        painted_s=painted,
        settled_s=settled,
        server_s=_median(visit.server_s for visit in known),
        fresh_s=_median(visit.painted_s for visit in fresh) if fresh else None,
        memory_mb=memory,
        passed=not slow and (memory is None or memory <= MEMORY_MB),
    )


def _median(seconds: Iterable[float]) -> float:
    return round(statistics.median(seconds), 2)


@dataclass(frozen=True, slots=True)
class _Visit:
    first_paint_s: float
    painted_s: float
    settled_s: float
    server_s: float
    memory_mb: float | None


def _visit(profile: "BrowserContext", app: Served, path: str) -> _Visit:
    """Open a page in a new tab."""
    profile.add_cookies([app.cookie])  # type: ignore[list-item]  # a TypedDict of playwright's own
    page = profile.new_page()
    try:
        before, start = _cpu_seconds(app.pid), time.perf_counter()
        page.goto(f"{app.url}/{path}", wait_until="commit")
        page.wait_for_selector(_HEADING, timeout=_PATIENCE_MS)
        painted = time.perf_counter() - start
        page.wait_for_function(_STILL, timeout=_PATIENCE_MS)
        settled = time.perf_counter() - start
        page.wait_for_timeout(500)  # tables and charts draw themselves after the script has ended
        if page.locator("[data-testid=stException]").count():
            msg = f"the page /{path} shows an error; open it with `curator app` to read it"
            raise OutsideError(msg)
        server, first = _cpu_seconds(app.pid) - before, page.evaluate(_FIRST_PAINT) / 1000
        return _Visit(first, painted, settled, server, _megabytes(_renderers()))
    finally:
        page.close()


@dataclass(frozen=True, slots=True)
class _Chromium:
    playwright: "Playwright"
    program: str

    @contextmanager
    def profile(self, folder: Path) -> Iterator["BrowserContext"]:
        """Run the browser with a profile in a folder."""
        context = self.playwright.chromium.launch_persistent_context(
            folder, executable_path=self.program, args=list(FLAGS), viewport={"width": 1440, "height": 900}
        )
        try:
            yield context
        finally:
            context.close()


@contextmanager
def _chromium() -> Iterator[_Chromium]:
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
        yield _Chromium(playwright, path)


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
