"""What a row should not give away: keys, tokens and passwords, and personal data. Found values are shown masked."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from curator.hygiene import Fault

_SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    "API key": re.compile(r"\b(?:sk|pk|rk|tml)-[A-Za-z0-9_\-]{20,}\b"),
    "Google API key": re.compile(r"\bAIza[0-9A-Za-z_\-]{35}\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[0-9A-Za-z\-]{10,}\b"),
    "JSON web token": re.compile(r"\beyJ[\w\-]{10,}\.eyJ[\w\-]{10,}\.[\w\-]{10,}\b"),
    "password": re.compile(r"(?i)\b(?:password|passwd|pwd)\s*[:=]\s*(?=\S*\d)\S{6,}"),
}
# A local part has at most 64 characters (RFC 5321), and each run is tried once: a line of a million letters is quick.
_EMAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}@[\w\-]{1,255}(?:\.[\w\-]+)*\.[A-Za-z]{2,}")
_CARD = re.compile(r"(?<![\d.])\d(?:[ \-]?\d){12,18}(?![\d.]*\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_PHONE = re.compile(r"(?<![\w.])(?:\+\d{1,3}[ .\-]?)?(?:\(\d{2,5}\)[ .\-]?)?\d{2,4}(?:[ .\-]\d{2,4}){2,4}(?![\w.]*\d)")


def secrets(texts: Sequence[str]) -> list[Fault]:
    """Find keys, tokens and passwords; the evidence shows their first four characters alone."""
    return _grouped(
        (row, name, match.group())
        for row, text in enumerate(texts)
        for name, pattern in _SECRETS.items()
        for match in pattern.finditer(text)
    )


def personal_data(texts: Sequence[str]) -> list[Fault]:
    """Find e-mail addresses, card numbers (Luhn), account numbers (IBAN, mod 97) and phone numbers."""
    return _grouped((row, name, found) for row, text in enumerate(texts) for name, found in _personal(text))


def _personal(text: str) -> list[tuple[str, str]]:
    found = [("e-mail address", match.group()) for match in _EMAIL.finditer(text)]
    taken: list[tuple[int, int]] = []
    for name, pattern, valid in (("card number", _CARD, luhn), ("account number (IBAN)", _IBAN, iban)):
        for match in pattern.finditer(text):
            if valid(match.group()):
                found.append((name, match.group()))
                taken.append(match.span())
    for match in _PHONE.finditer(text):
        digits = sum(char.isdigit() for char in match.group())
        inside = any(start <= match.start() < end for start, end in taken)
        date = re.fullmatch(r"\d{1,4}[ .\-]\d{1,2}[ .\-]\d{1,4}", match.group())
        if 9 <= digits <= 15 and not inside and not date:
            found.append(("phone number", match.group()))
    return found


def _grouped(hits: Iterable[tuple[int, str, str]]) -> list[Fault]:
    rows: dict[str, list[int]] = defaultdict(list)
    samples: dict[str, str] = {}
    for row, name, value in hits:
        if not rows[name] or rows[name][-1] != row:
            rows[name].append(row)
        samples.setdefault(name, value[:4] + "…")
    return [
        Fault(name, tuple(found), f"{name} in {len(found)} rows, for example {samples[name]}",
              "mask it in the source, or exclude the rows: what is trained on can be recited")
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
    """Check the two check digits of an account number (ISO 13616: the rearranged number is 1 modulo 97)."""
    plain = number.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1
