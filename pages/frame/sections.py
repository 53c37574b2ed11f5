"""The sections of the app, in the order of the loop, and the pages of each: the navigation lists sections alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tab:
    """One page: its file from the app's root, and its name on a tab."""

    file: str
    title: str

    @property
    def address(self) -> str:
        """The page's own address."""
        return self.file.rsplit("/", 1)[1].removesuffix(".py")


@dataclass(frozen=True, slots=True)
class AppSection:
    """One entry of the navigation. `bare`: it says something also while there is no dataset."""

    name: str
    icon: str
    tabs: tuple[Tab, ...]
    bare: bool = False


SECTIONS = (
    AppSection(
        "Data",
        ":material/dataset:",
        (
            Tab("pages/data/start.py", "Start"),
            Tab("pages/data/overview.py", "Overview"),
            Tab("pages/data/row.py", "Row"),
            Tab("pages/data/task.py", "Task"),
            Tab("pages/data/label.py", "Label"),
            Tab("pages/data/map.py", "Map"),
            Tab("pages/data/clusters.py", "Clusters"),
            Tab("pages/data/balance.py", "Balance"),
            Tab("pages/data/coverage.py", "Coverage"),
        ),
        bare=True,
    ),
    AppSection(
        "Check",
        ":material/search_insights:",
        (
            Tab("pages/data/findings.py", "Findings"),
            Tab("pages/data/groups.py", "Duplicates & contradictions"),
            Tab("pages/data/suspects.py", "Suspect labels"),
        ),
    ),
    AppSection(
        "Review",
        ":material/rate_review:",
        (
            Tab("pages/review/queue.py", "Review"),
            Tab("pages/review/spot_check.py", "Spot-check"),
            Tab("pages/review/adjudicate.py", "Adjudicate"),
            Tab("pages/review/agreement.py", "Agreement"),
            Tab("pages/review/preferences.py", "Preferences"),
            Tab("pages/review/boards.py", "What is where"),
        ),
    ),
    AppSection("Certify", ":material/workspace_premium:", (Tab("pages/review/certificate.py", "Certificate"),)),
    AppSection("Release", ":material/inventory_2:", (Tab("pages/training/versions.py", "Versions"),)),
    AppSection(
        "Train",
        ":material/model_training:",
        (Tab("pages/training/runs.py", "Runs"), Tab("pages/training/pairs.py", "Pairs")),
    ),
    AppSection("Compare", ":material/balance:", (Tab("pages/training/evaluation.py", "Evaluation"),)),
    AppSection(
        "Admin",
        ":material/settings:",
        (Tab("pages/admin/users.py", "Users"), Tab("pages/admin/audit.py", "Audit log")),
        bare=True,
    ),
)
