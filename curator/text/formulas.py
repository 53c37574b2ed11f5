"""Cells that a spreadsheet would run: a text that begins as a formula does."""

import re

BEGINS = "=+-@\t\r＝＋－＠"
"""What a formula begins with, in spreadsheets of whichever language; a tab or a return hides one."""
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?%?")


def is_formula(cell: str) -> bool:
    r"""Whether a spreadsheet may take a cell for a formula; a number with a sign is none.

    >>> is_formula("=HYPERLINK(A1)"), is_formula("-5"), is_formula("+49 (0)30"), is_formula("5-5"), is_formula("\t=1")
    (True, False, True, False, True)
    """
    return cell[:1] != "" and cell[0] in BEGINS and _NUMBER.fullmatch(cell) is None


def inert(cell: str) -> str:
    """The cell as a spreadsheet shows it and does not run it: with an apostrophe before a formula.

    >>> inert("=1+1"), inert("plain")
    ("'=1+1", 'plain')
    """
    return f"'{cell}" if is_formula(cell) else cell
