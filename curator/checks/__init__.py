"""Every quality check of a dataset, run as one, and the findings it leaves.

Each check lives where its subject does; here they meet, are ranked and become findings.
"""

from curator.checks.findings import Table, contradiction, survivor
from curator.checks.rethreshold import narrowed
from curator.checks.run import run_checks

__all__ = [
    "Table",
    "contradiction",
    "narrowed",
    "run_checks",
    "survivor",
]
