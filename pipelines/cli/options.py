"""Options that several commands share."""

from typing import Annotated

import typer

from curator.errors import RequestError

Dataset = Annotated[str | None, typer.Option("--dataset", help="The dataset; may be left out where there is one.")]
Labeler = Annotated[str | None, typer.Option("--labeler", help="Whose labels, where there are several labelers.")]
Version = Annotated[str, typer.Option("--version", help="NAME@NUMBER")]
Wheres = Annotated[
    list[str] | None,
    typer.Option("--where", help="COLUMN=VALUE of the metadata kept with rows; again for one more column or value."),
]
Tokenizer = Annotated[
    str | None,
    typer.Option("--tokenizer", help="Folder with tokenizer.json to count tokens by; else the base model's, if here."),
]
MaxLength = Annotated[int, typer.Option("--max-length", min=1, help="Tokens that the trainer will take of a row.")]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random.")]
TeacherName = Annotated[
    str | None, typer.Option("--teacher", help="A model's name; default: the project's, else offline.")
]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, max=512, help="Requests under way at once.")]
PriceIn = Annotated[
    float | None,
    typer.Option("--price-in", min=0, help="US dollars for a million prompt tokens; for --budget and the report."),
]
PriceOut = Annotated[float | None, typer.Option("--price-out", min=0, help="US dollars for a million answer tokens.")]


def price_of(tokens_in: float | None, tokens_out: float | None) -> tuple[float, float] | None:
    """The price that was given, or None.

    Raises:
        RequestError: Half of one.
    """
    if tokens_in is None and tokens_out is None:
        return None
    if tokens_in is None or tokens_out is None:
        msg = "--price-in and --price-out go together: a bill needs both"
        raise RequestError(msg)
    return tokens_in, tokens_out
