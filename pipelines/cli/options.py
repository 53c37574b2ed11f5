"""Options that several commands share."""

from typing import Annotated

import typer

Dataset = Annotated[str | None, typer.Option("--dataset", help="The dataset; may be left out where there is one.")]
Labeler = Annotated[str | None, typer.Option("--labeler", help="Whose labels, where there are several labelers.")]
Wheres = Annotated[
    list[str] | None,
    typer.Option("--where", help="COLUMN=VALUE of the metadata kept with rows; again for one more column or value."),
]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random.")]
