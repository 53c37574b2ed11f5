"""Every quality check of a dataset, run as one, and the findings it leaves.

Each check lives where its subject does; here they meet, are ranked and become findings.
"""

from curator.checks.answer_faults import refuses
from curator.checks.conversation import Conversations, conversation_faults, private_faults
from curator.checks.findings import CheckedRows, contradiction, survivor
from curator.checks.rethreshold import ListedFinding, narrowed
from curator.checks.run import run_checks

__all__ = [
    "CheckedRows",
    "Conversations",
    "ListedFinding",
    "contradiction",
    "conversation_faults",
    "narrowed",
    "private_faults",
    "refuses",
    "run_checks",
    "survivor",
]
