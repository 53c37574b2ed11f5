"""What a row should not give away: keys, tokens and passwords, and personal data. Found values are shown masked."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from curator.checks.hygiene import Fault, RowPart

_SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})\b"),
    "GitLab token": re.compile(r"\bglpat-[\w\-]{20,}"),
    "Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}\b"),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36,}\b"),
    "API key": re.compile(r"\b(?:(?:sk|pk|rk|tml)-|(?:sk|pk|rk)_(?:live|test)_|SG\.|ya29\.)[A-Za-z0-9_\-]{20,}\b"),
    "key in a setting": re.compile(
        r"(?i:secret|token|key)[\"']?\s*[:=]\s*[\"']?(?=\S{0,80}\d)(?=\S{0,80}[a-z])(?=\S{0,80}[A-Z])"
        r"[A-Za-z0-9+/_\-]{20,}"
    ),
    "password in an address": re.compile(r"\b[a-z][a-z0-9+.\-]{1,15}://[^\s/:@]{1,64}:[^\s/@]{3,64}@"),
    "Google API key": re.compile(r"\bAIza[0-9A-Za-z_\-]{35}\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[0-9A-Za-z\-]{10,}\b"),
    "JSON web token": re.compile(r"\beyJ[\w\-]{10,}\.eyJ[\w\-]{10,}\.[\w\-]{10,}\b"),
    "password": re.compile(
        r"(?i)\b(?:password|passwd|pwd|passwort|passphrase)(?:\s*[:=]|\s+is)\s*(?=\S{0,64}\d)\S{6,64}"
    ),
}
# A local part has at most 64 characters (RFC 5321), and each run is tried once: a line of a million letters is quick.
_EMAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}@[\w\-]{1,255}(?:\.[\w\-]+)*\.[A-Za-z]{2,}")
_CARD = re.compile(r"(?<![\w.])\d(?:[ \-]?\d){11,18}(?![\d.]*\d)")
_LONG = (16, 17, 18, 19)
# The first digits that issuers use (ISO/IEC 7812), from and to, and the lengths of their numbers.
_ISSUERS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("4", "4", (13, 16, 19)), ("51", "55", (16,)), ("2221", "2720", (16,)), ("34", "34", (15,)), ("37", "37", (15,)),
    ("300", "305", (14, *_LONG)), ("3095", "3095", (14, *_LONG)), ("36", "36", (14, *_LONG)),
    ("38", "39", (14, *_LONG)), ("35", "35", _LONG), ("6011", "6011", _LONG), ("644", "659", _LONG),
    ("62", "62", _LONG), ("2200", "2204", _LONG), ("60", "60", _LONG), ("81", "82", _LONG), ("9792", "9792", (16,)),
    ("50", "50", (12, 13, 14, 15, *_LONG)), ("56", "58", (12, 13, 14, 15, *_LONG)),
    ("60", "60", (12, 13, 14, 15)), ("63", "63", (12, 13, 14, 15, *_LONG)), ("67", "67", (12, 13, 14, 15, *_LONG)),
    ("0604", "0604", (12, 13, 14, 15, *_LONG)), ("1800", "1800", (15,)), ("2131", "2131", (15,)),
)  # fmt: skip
_IBAN = re.compile(r"(?i)\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SSN = re.compile(r"(?<![\w.\-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w\-])")
_PHONE = re.compile(
    r"(?<![\w.])\+?(?:\(\d{1,5}\)[ .\-]?)?\d{1,15}(?:[ .\-]\d{2,8}|[ .\-]?\(\d{1,4}\)){0,5}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w.]*\d)"
)
_DATE = re.compile(r"\d{4}[.\-]\d{1,2}[.\-]\d{1,2}\b|\d{1,2}[.\-]\d{1,2}[.\-]\d{4}\b|(?:19|20)\d\d ?- ?(?:19|20)\d\d$")
# Few digits, or digits in one piece, are a phone number only where the words before them say so.
_CALLED = re.compile(
    r"(?i)(?:\b(?:phone|telephone|tel|call|calling|called|dial|mobile|cell|fax|whatsapp|sms|text|messages?|answering|ring|reach|contact|"
    r"telefon|handy|rufen|téléphone|appelez|portable|teléfono|móvil|llame|telefono|cellulare|telefone|celular|telefoon)"
    r"\b|телефон|звони|电话|手机|電話|携帯|전화|فون|هاتف|फ़ोन|फोन)"
)
_SUM_BEFORE, _SUM_AFTER = re.compile(r"(?:<<|[$£€*×÷])\s*\Z"), re.compile(r"\s*[=*×÷]|\s*>>")
_NEAR = 40
"""How many characters before a number may say that it is a phone number."""


def secrets(texts: Sequence[str | None], place: RowPart = "input") -> list[Fault]:
    """Find keys, tokens and passwords; the evidence shows their first four characters alone.

    Args:
        texts: One text for each row, or None where it has none.
        place: Where in the conversation the texts stand.
    """
    return _grouped(
        ((row, name, value) for row, text in enumerate(texts) if text for name, value in _keys(text)), place
    )


def personal_data(texts: Sequence[str | None], place: RowPart = "input") -> list[Fault]:
    """Find e-mail addresses, numbers of cards (Luhn), accounts (IBAN, mod 97), US social security, and phones.

    Args:
        texts: One text for each row, or None where it has none.
        place: Where in the conversation the texts stand.
    """
    return _grouped(
        ((row, name, found) for row, text in enumerate(texts) if text for name, found in _personal(text)), place
    )


def _keys(text: str) -> list[tuple[str, str]]:
    return [(name, match.group()) for name, pattern in _SECRETS.items() for match in pattern.finditer(text)]


def _personal(text: str) -> list[tuple[str, str]]:
    found = [("e-mail address", match.group()) for match in _EMAIL.finditer(text)]
    taken: list[tuple[int, int]] = []
    for name, pattern, valid in (
        ("card number", _CARD, _card),
        ("account number (IBAN)", _IBAN, _account),
        ("social security number (US)", _SSN, bool),
    ):
        for match in pattern.finditer(text):
            if valid(match.group()):
                found.append((name, match.group()))
                taken.append(match.span())
    for match in _PHONE.finditer(text):
        inside = any(start <= match.start() < end for start, end in taken)
        before, after = text[max(0, match.start() - _NEAR) : match.start()], text[match.end() : match.end() + 3]
        sum_ = _SUM_BEFORE.search(before) is not None or _SUM_AFTER.match(after) is not None
        if not inside and not sum_ and _phone(match.group(), before):
            found.append(("phone number", match.group()))
    return found


def _card(number: str) -> bool:
    digits = "".join(char for char in number if char.isdigit())
    issued = any(len(digits) in lengths and first <= digits[: len(first)] <= last for first, last, lengths in _ISSUERS)
    return issued and luhn(number)


def _account(number: str) -> bool:
    """Whether it is an account number, or begins with one: a short word after it reads like a further group."""
    groups = number.split(" ")
    return any(iban(" ".join(groups[:end])) for end in range(len(groups), 0, -1))


def _phone(number: str, before: str) -> bool:
    """Tell a phone number from dates, addresses of machines, years and counts, by its groups and what stands before."""
    groups = re.findall(r"\d+", re.split("[xe]", number)[0])
    digits = sum(map(len, groups))
    if not 7 <= digits <= 15 or _DATE.match(number):
        return False
    if number.count(".") == 3 and len(groups) == 4 and all(int(group) < 256 for group in groups):
        return False
    if number.startswith("+"):
        return True
    trunk = number.startswith("0")  # the only ones with five digits in a group; without it, spaces part counts as well
    grouped = len(groups) >= 3 and digits >= 9 and max(map(len, groups)) <= 4 + trunk
    grouped &= trunk or re.search(r"[(.\-]", number) is not None
    return grouped or _CALLED.search(before) is not None


def _grouped(hits: Iterable[tuple[int, str, str]], place: RowPart) -> list[Fault]:
    rows: dict[str, list[int]] = defaultdict(list)
    samples: dict[str, str] = {}
    for row, name, value in hits:
        if not rows[name] or rows[name][-1] != row:
            rows[name].append(row)
        samples.setdefault(name, value[:4] + "…")
    return [
        Fault(name, tuple(found), f"{name} in the {place} of {len(found)} rows, for example {samples[name]}",
              "mask it in the source, or exclude the rows: what is trained on can be recited", place=place)
        for name, found in sorted(rows.items())
    ]  # fmt: skip


def luhn(number: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812).

    >>> luhn("4539 1488 0343 6467"), luhn("4539 1488 0343 6468")
    (True, False)
    """
    digits = [int(char) for char in number if char.isdigit()]
    if len(set(digits)) < 2:
        return False
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def iban(number: str) -> bool:
    """Check an account number by its check digits (ISO 13616) and by its country's length and groups, as registered.

    >>> iban("DE89 3704 0044 0532 0130 00"), iban("DE89 3704 0044 0532 0130 0")
    (True, False)
    """
    from stdnum import iban as registry  # a command that searches no texts starts without it

    return registry.is_valid(number, check_country=False)
