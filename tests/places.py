"""Where things are: the checkout, the real data beside it, and the app's pages."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CURATOR_SHARED_DATA", ROOT.parent / "shared" / "data"))
CASES = Path(os.environ.get("CURATOR_SHARED_CASES", ROOT.parent / "shared" / "cases"))
SECTIONS = ("data", "review", "training", "admin")


def page_files() -> list[Path]:
    """Each page of the app, as Streamlit is given it: the files that stand directly in a section."""
    return sorted(p for s in SECTIONS for p in (ROOT / "pages" / s).glob("*.py") if p.name != "__init__.py")
