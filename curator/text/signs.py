r"""Signs that carry meaning: what the normal form takes for punctuation, and what makes another text of a text.

In prose, marks at the ends of words and sentences say nothing that the words do not say. In code, paths, options,
patterns and smileys they say it all: `!ok`, `ls -A`, `'%a'`, `./srv`, `f(x), y`, `:(`, the indentation of a line.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

# Texts in which none of this stands hold no such sign: most prose is done here.
_WORTH = re.compile(
    r"[&@#\\_{}%*=]|[\w)\]][(\[]|[:;]['^-]?[()\[\]DPp/|\\<>]|[(\[][-^']?[:;=]|::|//|\.\.?/|`{3}"
    r"|(?:^|(?<=[\s(\[\"'`,;]))[!:/-]{1,2}[\w(/.\"'$]|\n[ \t]+\S|!=|\w--(?!\w)|(?<!\S)\.\.(?!\S)"
)
_MAY_SIGN = re.compile(r"[&@#\\_{}%*=(\[:;/`\n!-]|\.\.")
"""What every such sign holds some of: sought first, since it is found or not in one quick pass."""
_SMILEY = re.compile(r"(?:(?<!\w)[:;=]['^-]?[()\[\]DPpOo|/\\*3]+|(?<!\S)[()\[\]]+[-^']?[:;=])(?![\w/])")
_GLUED_SMILEY = re.compile(r"(?<=\w)[:;=][-^']?[()]+(?!\w)")  # glad:)
_TYPED = str.maketrans({**dict.fromkeys("“”„«»″", '"'), **dict.fromkeys("‘’‚′", "'"), **dict.fromkeys("‐‑‒–−", "-")})
_QUOTES, _OPENING, _CLOSING, _ENDING = "\"'`", "([{", ")]}", ".,;:!?"
_PAIR = dict(zip(_CLOSING, _OPENING, strict=True))
_GLUED = re.compile(r"[\w)\]][(\[]|\{")
_WITHIN = 12  # words of a bracket that is one sign with what stands before it
_PLURAL = re.compile(r"(?<=[^\W\d_]{3})\((?:e?s|ies|n|en|e|in|innen|er|r|d|ed|a|o|as|os|x|y)\)")
# Between letters and digits, these join words, part numbers, or lack a space after them.
_JOINT = re.compile(r"(?<=[\w%])(?:['.,:;!?/-]|\.{2,}|-{2,}|[!?]{2,})(?=\w)|(?<=\d)%|^#(?=\d)")
_PERCENT = re.compile(r"(?<=\d)\s+%(?!\w)")
_NOTHING = frozenset({"-", "--", "---", "*", "/"})  # of their own, between words of prose
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_)(?=\w)([^*_\n]*\w[.,!?]?)\1(?![\w*])")
_PLAIN = re.compile(r"[^\W_]*")
_FOLDED = re.compile(r"[^\W_][\w&@#'.+ -]*|[@#&{][\w&@#{}' .+-]*")  # tokens that are the same in any case
_PATH = re.compile(r"(?:\.{1,2}|~)?/")
_OF_LANGUAGES = """
and as assert async await break case catch class const def del delete do elif else end enum except export extends false
final finally fn for from func function having if import in insert int into is join lambda let like limit match mut
new nil not null or order pass private protected public raise return select set static struct switch then this throw
true try update use using values var void when where while with yield
"""
_KEYWORDS = frozenset(_OF_LANGUAGES.split())
_CODE = re.compile(
    r"[{};\\]\s*$|==|!=|&&|\|\||=>|->|::|\+\+|</|/>|\(\)|[^\W\d_]\w*[(\[]|[-+*/|&]=|(?<![<>=!])=(?!=)"
    r"|^\s*(?:if|while|for|switch)\s*\(|^\s*(?:if|elif|else|for|while|try|except|with|class|def)\b.*:\s*$"
    r"|(?i:\bselect\b.+\bfrom\b)"
)
_MOST_WORDS = 0.6  # share of plain words up to which a line is code rather than prose with signs in it
_LOOSE = re.compile(r"\s*([(\[{,;=<>+*/|)\]}])\s*")
_QUOTED = re.compile(r"(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')")
_LISTED = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_OPENS = re.compile(r"[:{(\[]\s*$|\b(?:then|do|else|begin)\s*$")
_FENCE = re.compile(r"\s*(?:```|~~~)")


def signs_in(text: str) -> tuple[str, ...]:
    r"""Return the signs of a text that change what it says, in order; most prose has none.

    Lines of code count as they stand, but for white space that no language reads; of prose, its smileys and the
    words that are made with signs; of texts with indented code, lists or mappings, how deep each line stands.

    Args:
        text: As `curator.text.normal_form.visible` makes it: NFKC, without characters of no width.

    >>> signs_in("Is it (really) 5% off, and/or free?"), signs_in("Use ls -A /tmp :)")
    ((), ('-A', '/tmp', ':)'))
    >>> signs_in("f(x, y)") == signs_in("f(x), y")
    False
    """
    text = text if text.isascii() else text.translate(_TYPED)
    if not _MAY_SIGN.search(text):
        return ()
    text = _PERCENT.sub("%", text)
    if not _WORTH.search(text):
        return ()
    lines = text.splitlines()
    code, fenced = [], False
    for line in lines:
        fence = _FENCE.match(line) is not None
        fenced ^= fence
        code.append(not fence and (fenced or _is_code(line)))
    found: list[str] = []
    for line, is_code in zip(lines, code, strict=True):
        found += ([_tight(line)] if line.strip() else []) if is_code else _prose_signs(line)
    return (*found, *_structure(lines, code))


def _is_code(line: str) -> bool:
    """Whether a line as a whole is code: it holds what only code has, and few words of prose."""
    if not _CODE.search(_PLURAL.sub("", line)):
        return False
    tokens = [token.strip("\"'.,;:!?()") for token in line.split()]
    words = sum(len(word) > 1 and _word(word) and word.lower() not in _KEYWORDS for word in tokens)
    made = sum(not _word(word) or (len(word) < 2 and word not in "aAI") for word in tokens if not word.isdigit())
    if words > _MOST_WORDS * len(tokens) or not (made > 1 or len(tokens) == 1 or any(char in line for char in "({;&")):
        return False
    return words + made > 0 and 5 * sum(not char.isascii() for char in line) <= len(line)


def _word(text: str) -> bool:
    return bool(text) and _PLAIN.fullmatch(text.replace("'", "")) is not None


def _tight(line: str) -> str:
    """A line of code without the white space that says nothing; what stands in quotes is kept."""
    parts = _QUOTED.split(line.strip())
    return "".join(part if at % 2 else _LOOSE.sub(r"\1", re.sub(r"\s+", " ", part)) for at, part in enumerate(parts))


def _prose_signs(line: str) -> Iterator[str]:
    if not _WORTH.search(line):
        return
    smileys = _SMILEY.findall(line)
    line = _SMILEY.sub(" ", line)
    if "(" not in line:  # else the bracket closes what was opened
        smileys += _GLUED_SMILEY.findall(line)
        line = _GLUED_SMILEY.sub(" ", line)
    line = _EMPHASIS.sub(r"\2", _LISTED.sub("", _PLURAL.sub("", line), count=1))
    for token in _closed(line.split()):
        core = _core(token)
        if core not in _NOTHING and not _PLAIN.fullmatch(_JOINT.sub("", _left_out(core))):
            yield core.lower() if _FOLDED.fullmatch(core) else core
    for smiley in smileys:
        yield re.sub(r"['^-]", "", smiley)[:2]


def _closed(tokens: Sequence[str]) -> Iterator[str]:
    """The tokens; all within a bracket that stands right after a word, or within braces, are one."""
    held: list[str] = []
    for token in tokens:
        held.append(token)
        joined = " ".join(held)
        if not (_GLUED.search(joined) and sum(map(joined.count, _OPENING)) > sum(map(joined.count, _CLOSING))):
            yield joined
            held = []
        elif len(held) > _WITHIN:
            yield from held
            held = []
    yield from held


def _core(token: str) -> str:
    """A token without the punctuation around it: quotes, brackets around words, the end of a sentence."""
    while token not in ("", ".."):
        first, last = token[0], token[-1]
        unclosed = first in "([" and token.count(first) > token.count(_CLOSING[_OPENING.index(first)])
        if last in _ENDING or last in _QUOTES or (last in _CLOSING and token.count(_PAIR[last]) < token.count(last)):
            token = token[:-1]
        elif unclosed or first in ",;?\"'`" or (first == "." and not _PATH.match(token)):
            token = token[1:]
        elif first in "([" and last == _CLOSING[_OPENING.index(first)] and _balanced(token[1:-1]):
            token = token[1:-1]
        else:
            break
    return token


def _balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth < 0:
            return False
    return depth == 0


def _left_out(core: str) -> str:
    """A token without what the normal form keeps (symbols), a number's sign, and punctuation of print and scripts."""
    if core == "..":
        return core
    plain = core if core.isascii() else "".join(char for char in core if char.isascii() or char.isalnum())
    plain = "".join(char for char in plain if char.isalnum() or unicodedata.category(char)[0] == "P")
    return plain[1:] if plain[:1] == "-" and (plain[1:2].isdigit() or core[1:2] in "$€£") else plain


def _structure(lines: Sequence[str], code: Sequence[bool]) -> tuple[str, ...]:
    """How deep each line stands and how many words it has, where depth says something."""
    filled = [(line.expandtabs(4), is_code) for line, is_code in zip(lines, code, strict=True) if line.strip()]
    depths = [len(line) - len(line.lstrip()) for line, _ in filled]
    below = [*depths[1:], 0]
    told = any(
        is_code or _LISTED.match(line) or (_OPENS.search(line) and after > depth)
        for (line, is_code), depth, after in zip(filled, depths, below, strict=True)
    )
    if not told or len(set(depths)) < 2:
        return ()
    levels: list[int] = []
    made = []
    for (line, _), depth in zip(filled, depths, strict=True):
        while levels and levels[-1] > depth:
            levels.pop()
        if not levels or levels[-1] < depth:
            levels.append(depth)
        made.append(f"{len(levels) - 1}:{len(line.split())}")
    return (" ".join(made),)
