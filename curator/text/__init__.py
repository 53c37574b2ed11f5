"""Texts: the form in which two count as the same, what differs between them, documents to read."""

from curator.text.courtesies import courtesy_cuts, is_courtesy, without_courtesies
from curator.text.document import FORMS, Document, DocumentTable, Section, as_html, as_markdown, as_text, write
from curator.text.edits import END_WORDS, compare, only_in, typo_distance, unspaced_words
from curator.text.formulas import inert, is_formula
from curator.text.highlight import marked
from curator.text.known_words import KNOWN_WORD_LANGUAGES, KnownWords, known_words
from curator.text.language import language, script
from curator.text.negations import NEGATION_LANGUAGES
from curator.text.normal_form import (
    COURTESIES,
    Marks,
    SameText,
    marks,
    name_words,
    normalise,
    numbers_in,
    operators_in,
    same_text,
    unspaced,
    visible,
)
from curator.text.segments import title_words
from curator.text.whitespace import CONTROLS, as_seen, squeeze

__all__ = [
    "CONTROLS",
    "COURTESIES",
    "END_WORDS",
    "FORMS",
    "KNOWN_WORD_LANGUAGES",
    "NEGATION_LANGUAGES",
    "Document",
    "DocumentTable",
    "KnownWords",
    "Marks",
    "SameText",
    "Section",
    "as_html",
    "as_markdown",
    "as_seen",
    "as_text",
    "compare",
    "courtesy_cuts",
    "inert",
    "is_courtesy",
    "is_formula",
    "known_words",
    "language",
    "marked",
    "marks",
    "name_words",
    "normalise",
    "numbers_in",
    "only_in",
    "operators_in",
    "same_text",
    "script",
    "squeeze",
    "title_words",
    "typo_distance",
    "unspaced",
    "unspaced_words",
    "visible",
    "without_courtesies",
    "write",
]
