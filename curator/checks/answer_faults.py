"""What a student would learn to say by mistake: faults of free answers, some of them only beside their own input."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from curator.checks.hygiene import BROKEN, CHAT_MARKS, Fault
from curator.records import TaskKind
from curator.text import CONTROLS, language, normalise, script

_THINKING = re.compile(r"</?think(?:ing)?>|<\|channel\|>")
_EMPTY_WORD = r"(?:no|without)[ _-]?(?:output|response|answer|completion|result|content|text)"
_MARKER = re.compile(
    rf"(?i)\s*(?:[<\[({{]\s*(?:{_EMPTY_WORD}|none|null|nan|n/?a|empty|blank|output|answer|response)\s*[>\])}}]"
    rf"|{_EMPTY_WORD}(?:\s+(?:is\s+)?(?:needed|required|necessary|available|provided|given|expected|found))?"
    r"|n/a|nan|null|undefined|output)\s*[.!]?\s*"
)
_MARKER_WITHIN = re.compile(rf"(?i)<\s*{_EMPTY_WORD}\s*>")
_AS_AI = re.compile(
    r"(?i)\bas an? (?:ai|artificial intelligence|large language|language)(?: (?:language|chat|based|powered))*"
    r"[ -]?(?:model|assistant|bot|chatbot|program|system)?\b"
    r"(?=,|\s+(?:i\b|developed|created|trained|made|without|we\b))"
    r"|\bi(?: am|['’]m) (?:just |only |merely )?an? (?:ai|artificial intelligence|large language|language)\b"
    r"(?! (?:lover|teacher|student|nerd|enthusiast|engineer|researcher|expert|learner))"
    r"|\bals (?:ki|künstliche intelligenz|sprachmodell)\b|\ben tant qu['’](?:ia|intelligence artificielle|assistant)\b"
    r"|\bcomo (?:un |uma? |una )?(?:modelo de (?:lenguaje|linguagem)|ia\b|inteligencia artificial)"
    r"|作为(?:一个|一種|一种)?(?:人工智能|AI|ai)|AIとして|как (?:языковая модель|искусственный интеллект)"
)
_CANNOT = r"(?:can(?:no|['’])t|cannot|am (?:not able|unable)|['’]m (?:not able|unable)|won['’]t be able)"
_REFUSES = (
    r"(?:to )?(?:(?:directly |currently |really )?(?:assist|help|comply|fulfill?|provide|answer|respond|complete|engage"
    r"|support|generate|create|access|process|perform|discuss|write|do (?:that|this)|browse|view|open|see|watch"
    r"|listen))"
)
_REFUSAL = re.compile(
    rf"(?is)\s*(?:(?:i(?:['’]m| am) (?:very |really |so |truly )?sorry|sorry|i apologi[sz]e|my apologies|unfortunately)"
    rf"(?:\b[^.!?\n]{{0,80}}?)[,.:;!]?\s*(?:but\s+|as [^.!?\n]{{3,60}},\s*)?i (?:{_CANNOT}) {_REFUSES}\b"
    rf"|(?:i(?:['’]m| am) )(?:sorry|afraid)[,.]? (?:but |that )?(?:i )?(?:can(?:no|['’])t|cannot)\b"
    rf"|i (?:{_CANNOT}) (?:to )?(?:assist|help|comply|fulfill?|support|engage)(?: you)? (?:with|in|this|that|your)\b"
    rf"|as an? (?:ai|large language|language)[^.!?\n]{{0,60}}[,.]? ?(?:i|it is not|it['’]s not)"
    rf" (?:{_CANNOT}|do(?:n['’]t| not) have|possible)"
    r"|(?:es )?tut mir leid, (?:aber )?(?:ich|dabei)[^.]{0,40}\bnicht\b|désolée?,? (?:mais )?je ne p(?:eux|uis)"
    r"|lo siento,? (?:pero )?no puedo|mi dispiace,? (?:ma )?non posso|desculpe,? (?:mas )?não posso"
    r"|(?:很?抱歉|对不起)[,，]?(?:但是?)?(?:我)?(?:无法|不能)|申し訳(?:ありません|ございません)"
    r"|извините,? (?:но )?я не могу)"
)
_GOES_ON, _FIRST = re.compile(r"(?i)\b(?:however|but (?:i can|if)|that said|nevertheless)\b"), 400
_OPENING = re.compile(
    r"(?is)\s*(?:(?:sure(?: thing)?|certainly|of course|absolutely|definitely|gladly|no problem|okay|ok|great"
    r"(?: question)?|happy to help|with pleasure|natürlich|gerne|selbstverständlich|bien sûr|certainement|claro"
    r"(?: que sí)?|por supuesto|certo|certamente|com certeza|конечно|当然(?:可以)?|好的|もちろん(?:です)?)"
    r"\s*[!,.:！，。、]\s*(?:here\b|i(?:['’]d|['’]ll| would| will| can)\b|let me\b|below\b|the following\b|hier\b"
    r"|voici\b|aquí\b|ecco\b|aqui\b|вот\b|以下|这|這|こちら|glad|happy to)"
    r"|here(?:['’]s| is| are) (?:your|the|an?|some) [^.!?\n]{0,80}(?:you (?:asked|requested|wanted)|as requested"
    r"|requested)[^\n]{0,20})"
)
_LABELS = re.compile(r"(?im)^\s*(?:\d+\s*[.)]\s*)?(?:###\s*)?(instruction|input|output)s?\s*\d*\s*:")
_LAST_WORDS_TEXT = """
the a an of and or because which whose my your our their from into than with und oder der die das eine einen et ou
le les des du une el los las del um uma il di che и или
"""
_LAST_WORDS = frozenset(_LAST_WORDS_TEXT.split())
_ENDED = re.compile(r"[.!?…。！？।॥؟۔;:)\]}>\"'”’»」』`|*_~\d%$€£°+\-=/\\#\u0e2f\u0e5a]\s*\Z|[^\w\s,]\s*\Z")
_OPEN_ENDED = 0.8  # of long answers: where so many end with a mark, one that does not is cut
_LONG, _MIN_LONG = 60, 20
_OWN_TASK = 0.3  # a fault in more of the rows than this share is what the task asks for
_SAMPLE, _ONE_LANGUAGE = 200, 0.9
_MIN_REPEATED = 4  # words of an input that an answer begins with
_ASKS_COPY = re.compile(
    r"(?i)\b(?:repeat|copy|continue|complete|finish|correct|fix|proofread|rewrite|edit|quote|verbatim|grammar)\b"
)
_ASKS_LANGUAGE = re.compile(
    r"(?i)translat|übersetz|tradu|перев[оеё]д|翻译|翻譯|翻訳|訳し|번역|अनुवाद|ترجم|แปล|dịch|çevir|vertaal|översätt|przetłumacz"
    r"|\b(?:in|into|to|from|auf|en|na|in het) (?:plain |simple |modern )?(?:english|french|german|spanish|italian|"
    r"portuguese|dutch|swedish|polish|russian|chinese|mandarin|japanese|korean|arabic|hindi|thai|turkish|greek|latin|"
    r"hebrew|vietnamese|indonesian|englisch|französisch|deutsch|spanisch|anglais|français|espagnol|allemand|inglés|"
    r"francés|alemán|español)\b|\b(?:english|french|german|spanish|italian|portuguese|russian|chinese|japanese|korean|"
    r"arabic|hindi|latin|greek) (?:word|phrase|sentence|poem|text|version|equivalent|name)s?\b"
)


SPOILT = frozenset(
    ["answer_marker", "answer_refusal", "answer_cut", "answer_repeats_input", "answer_language", "answer_merged",
     "answer_broken_encoding", "sql_unreadable", "sql_no_statement", "sql_several", "sql_writes", "sql_unknown_table",
     "sql_unknown_column"]
)  # fmt: skip
"""Faults with which an answer is wrong as it stands."""


def answer_faults(texts: Sequence[str], answers: Sequence[str | None], kind: TaskKind, notes: list[str]) -> list[Fault]:
    """Find faults in free answers.

    Args:
        texts: The input of each row.
        answers: Its answer, or None.
        kind: Kind of the task, not classification; what is language is looked for in text alone.
        notes: Gets what was not told apart, in words.
    """
    rules: list[tuple[str, Callable[[str], bool], str, str]] = [
        ("answer_thinking", lambda text: _THINKING.search(text) is not None,
         "a thinking block stands in the answer", "cut it, unless the student is to think aloud"),
        ("answer_chat_mark", lambda text: CHAT_MARKS.search(_THINKING.sub("", text)) is not None,
         "marks of a chat template, or another turn, stand in the answer",
         "cut them: a release with them is refused, and the student would speak for the user"),
        ("answer_control_character", lambda text: CONTROLS.search(text) is not None,
         "a control character (NUL, for example) stands in the answer", "remove it: readers cut the text there"),
        ("answer_broken_encoding", lambda text: BROKEN.search(text) is not None,
         "characters of the answer were lost or decoded twice", "import again from the source, as UTF-8"),
        ("answer_as_ai", lambda text: _AS_AI.search(text) is not None,
         "the answer speaks of itself as a model", "rewrite it, or exclude these rows: the student would say it too"),
        ("answer_refusal", refuses,
         "the answer refuses the request", "exclude these rows, unless the student is to refuse here"),
    ]  # fmt: skip
    if kind in ("text", "sql"):
        rules.append(("answer_marker", _is_marker, "a mark that there is no answer stands in its place",
                      "write the answer, or exclude these rows"))  # fmt: skip
    if kind == "text":
        rules += [
            ("answer_opening", lambda text: _OPENING.match(text) is not None,
             "the answer opens with a courtesy (\"Sure! Here is …\")",
             "cut the opening, unless the student is to begin so"),
            ("answer_merged", _has_instructions, "further instructions stand in the answer",
             "cut them off, or split the row: each instruction with its own answer"),
        ]  # fmt: skip
    given = [(row, answer) for row, answer in enumerate(answers) if answer is not None]
    found = [
        Fault(rule, rows, detail, advice, place="answer")
        for rule, test, detail, advice in rules
        if (rows := tuple(row for row, answer in given if test(answer)))
    ]
    found += _unanswered(answers)
    if kind == "text":
        found += _cut(given) + _repeated(texts, given, notes) + _other_language(texts, given, notes)
    return found


def refuses(text: str) -> bool:
    """Whether an answer refuses; one that tells a limit of models and then goes on is none."""
    if _REFUSAL.match(text) is None:
        return False
    return not (_AS_AI.match(text.lstrip()) and _GOES_ON.search(text, 0, _FIRST))


def _has_instructions(text: str) -> bool:
    labels = [found.lower() for found in _LABELS.findall(text)] if ":" in text else []
    return len(labels) > 1 and labels != ["output"] * len(labels)


def _is_marker(text: str) -> bool:
    return _MARKER.fullmatch(text) is not None or _MARKER_WITHIN.search(text) is not None


def _unanswered(answers: Sequence[str | None]) -> list[Fault]:
    """Rows without an answer, once most have one: before, they are still being answered."""
    rows = tuple(row for row, answer in enumerate(answers) if answer is None or not answer.strip())
    if not rows or 2 * len(rows) >= len(answers):
        return []
    return [Fault("answer_empty", rows, "the answer is empty, or there is none",
                  "write the answer, or exclude these rows: no release holds them", place="answer")]  # fmt: skip


def _cut(given: Sequence[tuple[int, str]]) -> list[Fault]:
    """Answers that end within a sentence, a code block or a bracket."""
    rows = [row for row, answer in given if _ends_within(answer)]
    long = [(row, answer) for row, answer in given if len(answer) >= _LONG]
    ended = sum(_ENDED.search(answer) is not None for _, answer in long)
    if len(long) >= _MIN_LONG and ended >= _OPEN_ENDED * len(long):
        rows += [row for row, answer in long if _ENDED.search(answer) is None and _is_prose(answer)]
    if not rows:
        return []
    return [Fault("answer_cut", tuple(sorted(set(rows))), "the answer ends within a sentence or a code block",
                  "ask the teacher again with more tokens, or exclude these rows", place="answer")]  # fmt: skip


def _ends_within(answer: str) -> bool:
    text = answer.rstrip()
    if text.count("```") % 2:
        return True
    words = text.split()
    return len(words) >= 6 and (words[-1].lower() in _LAST_WORDS or text[-1] in ",，、")


def _is_prose(answer: str) -> bool:
    """Whether the last paragraph is a sentence that goes on, not a line of a list, a verse, a title or code."""
    last = answer.rstrip().splitlines()[-1].strip()
    unspaced = script(last) in ("HAN", "KANA", "THAI", "LAO", "KHMER", "MYANMAR")
    return (len(last) >= 12 if unspaced else len(last.split()) >= 8) and not re.match(r"[-*•#>\d(]|\w[.)] ", last)


def _repeated(texts: Sequence[str], given: Sequence[tuple[int, str]], notes: list[str]) -> list[Fault]:
    """Answers that say their input again, in whole or at first."""
    rows = [row for row, answer in given if not _ASKS_COPY.search(texts[row]) and _says_again(texts[row], answer)]
    return _unless_usual(rows, given, notes, "answer_repeats_input", "the answer says its input again",
                         "write the answer, or cut the repeated input")  # fmt: skip


def _says_again(text: str, answer: str) -> bool:
    asked, said = normalise(text), normalise(answer)
    unspaced = script(asked) in ("HAN", "KANA", "THAI", "LAO", "KHMER", "MYANMAR")
    if (len(asked) < 6) if unspaced else len(asked.split()) < _MIN_REPEATED:
        return False
    return said == asked or said.startswith(asked if unspaced else asked + " ")


def _other_language(texts: Sequence[str], given: Sequence[tuple[int, str]], notes: list[str]) -> list[Fault]:
    """Answers in another language than their input, where the input does not ask for one."""
    usual = _usual_language(texts)
    rows = [
        row for row, answer in given
        if not _ASKS_LANGUAGE.search(texts[row]) and _differs(texts[row], answer, usual)
    ]  # fmt: skip
    return _unless_usual(rows, given, notes, "answer_language", "the answer is in another language than its input",
                         "answer in the language of the input, or say in the rubric which one is meant")  # fmt: skip


def _usual_language(texts: Sequence[str]) -> str | None:
    """The language that nearly all inputs are in, told from many at a time: one question alone may be too short."""
    step = max(1, len(texts) // _SAMPLE)
    sample = [*texts[::step]][:_SAMPLE]
    told = [language("\n".join(sample[start : start + 5]), sure=0.5) for start in range(0, len(sample), 5)]
    name, count = Counter(told).most_common(1)[0] if told else (None, 0)
    return name if count >= _ONE_LANGUAGE * len(told) else None


def _differs(text: str, answer: str, usual: str | None) -> bool:
    one, other = script(text), script(answer)
    if one is None or other is None:
        return False
    if one != other:
        return {one, other} != {"HAN", "KANA"} or not re.search("[\u3040-\u30ff]", text + answer)
    # A few small words in common are one language: most rows are told so, without the identifier.
    small = {word for word in text.split() if word.islower()} & {word for word in answer.split() if word.islower()}
    if len(small) >= 3:
        return False
    asked, said = language(text) or usual, language(answer)
    return asked is not None and said is not None and asked != said


def _unless_usual(
    rows: Sequence[int], given: Sequence[tuple[int, str]], notes: list[str], rule: str, detail: str, advice: str
) -> list[Fault]:
    if not rows:
        return []
    if len(rows) > max(3, _OWN_TASK * len(given)):
        notes.append(f"format: {rule} would be said of {len(rows):,} of {len(given):,} answers: taken for the task")
        return []
    return [Fault(rule, tuple(rows), detail, advice, place="answer")]
