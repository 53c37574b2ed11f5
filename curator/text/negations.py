"""Words that negate, by language: the resource behind every claim that a negation keeps two texts apart.

A language that is not listed, and negation inside a word (Turkish gelmiyor, Czech nemám, Finnish en/et, which other
languages use as other words), is compared as any other word.
"""

import re
from collections.abc import Mapping, Sequence

_BY_LANGUAGE: Mapping[str, str] = {
    "Arabic": "لا لم لن ليس ليست غير بدون ولا",
    "Bengali": "না নয় নেই",
    "Bulgarian": "не няма без нито никога",
    "Danish, Norwegian": "ikke ingen intet aldrig aldri uden uten",
    "Dutch": "niet geen niets niemand nooit zonder",
    "English": "not no never none nobody nothing nowhere neither nor cannot without unable",
    "French": "ne pas jamais sans aucun rien non",
    "German": "nicht kein keine keinen keiner keinem nie niemals ohne nichts",
    "Greek": "δεν όχι μη μην ποτέ χωρίς",
    "Hebrew": "לא אין אל בלי ללא אינו אינה אינם אינני איננו מעולם שלא ולא שאין ואין",
    "Hindi": "नहीं नही बिना न मत",
    "Hungarian": "nem ne sem nincs nincsenek soha nélkül",
    "Indonesian, Malay": "tidak bukan belum jangan tanpa enggak nggak gak tiada takkan",
    "Italian": "non mai senza nessuno niente",
    "Persian": "نه هیچ هرگز بدون نیست نیستم نیستی نیستیم نیستید نیستند نبود نباید نشد نشده نشود نکرد نکردم نکن نکنید "
    "ندارم ندارد نداریم ندارید ندارند نداشت نداشتم",
    "Polish": "nie nigdy bez żaden",
    "Portuguese": "não nem sem nunca jamás nada",
    "Russian, Ukrainian": "не нет ни никогда без нельзя ні ніколи немає",
    "Spanish": "no nunca sin nada ningún ninguna ninguno jamás",
    "Swedish": "inte ej ingen inget inga ingenting aldrig utan varken",
    "Urdu": "نہیں نہ مت بغیر",
    "Vietnamese": "không chưa chẳng đừng",
}
_MORE = "değil yok hiç asla olmadan hapana bila"  # Turkish and Swahili negate inside words as well
NEGATION_LANGUAGES = (*_BY_LANGUAGE, "Chinese", "Japanese", "Korean", "Thai")
"""The languages whose negations are known."""

NEGATIONS = frozenset(word for words in (*_BY_LANGUAGE.values(), _MORE) for word in words.split())
"""Words of a normal form that negate."""

_CONTRACTED = re.compile(r"^(?:ca|do|does|did|is|was|were|wo|would|should|could|has|have|had|are|ai|must|need)nt$")
# Persian verbs negate with a prefix, which some write as a word of its own.
_PREFIXED = re.compile("^نم[یي]")
# Scripts without spaces: their negations are looked for inside the text.
_UNSPACED = re.compile("[不没沒未无無]|ไม่|ない|なかった|ません|않|없|못")
_KOREAN = "안"


def count_negations(tokens: Sequence[str]) -> int:
    """Return how many negations the words of a normal form hold; can't, cannot and cant are one each."""
    count = 0
    for place, token in enumerate(tokens):
        contracted = token == "t" and place > 0 and tokens[place - 1].endswith("n")
        listed = (token in NEGATIONS or token == _KOREAN) and not _UNSPACED.search(token)
        count += contracted or listed or _CONTRACTED.match(token) is not None or _PREFIXED.match(token) is not None
    return count + (0 if all(map(str.isascii, tokens)) else len(_UNSPACED.findall(" ".join(tokens))))
