"""Greetings, thanks and closings around a text, which ask for nothing: "Hi, hope you are well. Where is my card".

A run of words at an end is a courtesy where one of its words greets, thanks or closes, and nearly all others are words
that any text has (the lists of the package `stopwordsiso`) or that such phrases are made of.
"""

from collections.abc import Sequence
from functools import cache

LONGEST_COURTESY = 30
"""Words that a greeting or a closing has at most."""
_OTHER_WORDS = 6  # of so many words, one may be any: the name of who is greeted
_LIGHT_WORDS = 3  # that any text has, beside each word of courtesies, and two more
_LANGUAGES = "ar bg bn cs da de el en es fa fi fr he hi hu id it ms nl no pl pt ro ru sv sw tr uk ur vi"
_SIGNS = """
مرحبا مرحبًا أهلا أهلاً اهلا السلام سلام تحية تحياتي التحية شكرا شكراً شكرًا فضلك فضلكم لطفا عفوا معذرة آسف hej hejsa
hei hallo takk tack venligst vennligst snälla hilsen hälsningar vänligen kära kjære kære hoi beste goedemorgen
goedemiddag goedenavond bedankt dank alstublieft alsjeblieft groeten groet sorry hi hello hey hiya dear greetings
thanks thank thx please pls plz excuse pardon regards cheers sincerely goodbye bye appreciate appreciated grateful
apologies welcome respectfully howdy kindly bonjour bonsoir salut coucou merci svp plaît cordialement sincèrement
madame monsieur désolé désolée salutations remercie moin servus guten grüß grüezi danke bitte grüße grüßen gruß gruss
grüssen liebe lieber geehrte geehrter entschuldigung entschuldigen verzeihung tschüss γεια καλημέρα καλησπέρα χαίρετε
ευχαριστώ παρακαλώ συγγνώμη φιλικά שלום היי תודה בבקשה סליחה בברכה नमस्ते नमस्कार हैलो धन्यवाद शुक्रिया कृपया माफ़ माफ
सादर ہیلو شکریہ براہ مہربانی معذرت آداب halo selamat terima kasih tolong maaf salam mohon ciao salve buongiorno
buonasera grazie prego favore saluti cordiali scusi scusate gentile cortesia cordialmente درود ممنون متشکرم مرسی لطفاً
ببخشید احترام cześć witam dziękuję dzięki proszę pozdrawiam pozdrowienia przepraszam dobrý děkuji díky prosím olá oi
bom boa obrigado obrigada favor cumprimentos atenciosamente desculpe prezados abraço saudações здравствуйте здравствуй
привет приветствую добрый доброе доброго спасибо благодарю пожалуйста извините простите уважаемые уважением вітаю
добрий дякую прошу hola buenos buenas gracias saludos saludo estimado estimada estimados cordial atentamente disculpe
disculpa perdón perdone agradezco agradecería habari hujambo jambo asante tafadhali samahani shukrani merhaba selam
selamlar teşekkür teşekkürler lütfen günaydın saygılar saygılarımla chào xin ơn cảm lỗi trân trọng
"""
_SIGN_PAIRS = frozenset(
    pair.partition(" ")[::2]
    for pair in """
good morning,good afternoon,good evening,good day,god dag,goede dag,dzień dobry,صباح الخير,صباح النور,مساء الخير,
à bientôt,iyi günler,iyi akşamlar,будь ласка,mange tak,tak for
""".replace("\n", "").split(",")
)
"""Words that greet or thank together, and say something else alone ("until my morning alarm")."""
_ABOUT = """
hope hopes hoping message email letter note finds find well team everyone everybody folks sir madam support agent
assistant friend friends good great nice lovely wonderful happy best kind warm many day days week weekend morning
afternoon evening night quick short question questions help helping helps assist assistance advance time bother
bothering disturb wondering wonder reading answer reply response beforehand patience understanding guys colleagues
ladies gentlemen again today doing going wanted ask asking favour favor hoffe hoffen gut guter gute gutes schönen
schöner tag morgen abend wochenende woche hilfe helfen frage kurz kurze kurzen voraus herzlichen herzliche
freundlichen freundliche damen herren zusammen vielen mal nachricht stören geht antwort mühe unterstützung espero
esperamos bien días día tarde tardes noche noches semana ayuda ayudar ayudarme pregunta antemano cordial señor
señora señores tenga tengan pasen mensaje equipo molestar rápida respuesta amables atención encuentre encuentren
buen buena un espère allez journée soirée semaine aide aider avance beaucoup bonne bon équipe dérange rapide
réponse bonnes tous mesdames messieurs veuillez agréer attention spero bene giorno giornata sera settimana aiuto
aiutarmi domanda anticipo mille molte gentili signori disturbo bem dia noite ajuda ajudar pergunta antecipadamente
muito equipe senhores todos надеюсь хорошо всё все вас вам дня день вечер утро неделя помощь помочь помогите вопрос
заранее большое огромное коллеги команда хорошего подскажите быстрый ответ дела прекрасного удачи أتمنى بخير صباح
الخير النور مساء يوما سعيدا يومكم أسبوع مساعدة المساعدة مساعدتي تساعدني سؤال مقدما جزيلا عليكم ورحمة الله وبركاته
تكونوا تكون عزيزي سادة السادة فريق جميعا كثيرا بحضرتكم يمكنكم يمكنك سريع لكم لك उम्मीद आशा आप अच्छे ठीक दिन शुभ मदद
सहायता सवाल प्रश्न बहुत जी सुप्रभात günler günün akşamlar umarım iyisinizdir iyi yardım yardımcı soru şimdiden çok
ederim
"""
_UNSPACED = """
你好 您好 大家好 早上好 上午好 下午好 晚上好 嗨 哈喽 请 請 请问 請問 麻烦 麻煩 麻烦您 打扰一下
打扰了 不好意思 抱歉 谢谢 謝謝 谢谢您 谢谢你 多谢 感谢 感謝 非常感谢 拜托 拜托了 请帮忙 请帮帮我
祝好 此致 敬礼 祝您愉快 提前感谢 希望您一切都好 希望你一切都好 亲爱的 客服 各位 こんにちは
こんばんは おはようございます はじめまして お世話になっております いつもお世話になっております すみません
すいません 失礼します 恐れ入りますが 申し訳ありませんが お願いします お願いいたします どうぞ よろしく
よろしくお願いします よろしくお願いいたします どうか ありがとう ありがとうございます 教えてください
お忙しいところ 恐縮ですが สวัสดี สวัสดีครับ สวัสดีค่ะ หวัดดี ขอบคุณ
ขอบคุณมาก ขอบคุณล่วงหน้า ครับ ค่ะ คะ นะ นะคะ นะครับ มาก
ล่วงหน้า ขอโทษ ขอโทษที รบกวน รบกวนหน่อย หน่อย ช่วย
ช่วยด้วย กรุณา โปรด อรุณสวัสดิ์ ทุกท่าน ทุกคน ผู้ดูแล
แอดมิน ขอแสดงความนับถือ ด้วย 안녕하세요 안녕 감사합니다 고맙습니다
부탁드립니다 부탁합니다 죄송합니다 죄송하지만 실례합니다 제발 미리 수고하세요 수고하십니다
"""
_UNSPACED_PHRASES = tuple(sorted(_UNSPACED.split(), key=len, reverse=True))
_MOST_UNSPACED = 60  # characters


@cache
def _sign_words() -> frozenset[str]:
    return frozenset(_SIGNS.split())


@cache
def courtesy_words() -> frozenset[str]:
    """Return the words that greetings, thanks and closings are made of; none is a name, though some have capitals."""
    return frozenset(_ABOUT.split()) | _sign_words()


@cache
def _light_words() -> frozenset[str]:
    import stopwordsiso

    return frozenset(stopwordsiso.stopwords(_LANGUAGES.split())) | courtesy_words()


def is_light(word: str) -> bool:
    """Whether a word is one that any text has, or that courtesies are made of."""
    return len(word) > 1 and word in _light_words()


def is_courtesy(words: Sequence[str]) -> bool:
    """Whether a run of words of a normal form, at an end of a text, only greets, thanks or closes.

    >>> is_courtesy("hi hope this finds you well".split()), is_courtesy("thanks for the refund".split())
    (True, False)
    >>> is_courtesy("please make sure oranges are on my".split()), is_courtesy("until my morning alarm".split())
    (False, False)
    """
    return 0 < len(words) <= LONGEST_COURTESY and len(words) in _sizes(words)


def courtesy_cuts(words: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return after how many first words, and before how many last words, a courtesy is cut off; 0 is always in.

    >>> courtesy_cuts("hello there where is my card".split())
    ([0, 1, 2, 3, 4, 5], [0])
    """
    return [0, *_sizes(words)], [0, *_sizes(words, backwards=True)]


def _sizes(words: Sequence[str], *, backwards: bool = False) -> list[int]:
    """The lengths of the courtesies with which a text begins, or ends.

    A courtesy has a sign, no more light words than its others bear, and no other word but a name after a sign.
    """
    most = min(len(words), LONGEST_COURTESY)
    run = words[-most:] if backwards else words[:most]
    about, light = courtesy_words(), _light_words()
    signs = [_is_sign(run, at) for at in range(most)]
    found, seen, own, plain, others = [], False, 0, 0, 0
    for size, at in enumerate(range(most)[::-1] if backwards else range(most), start=1):
        seen |= signs[at]
        if signs[at] or run[at] in about:
            own += 1
        elif run[at] in light:
            plain += 1
        elif at and signs[at - 1]:
            others += 1
        else:
            break
        if seen and plain <= _LIGHT_WORDS * own + 2 and others <= size // _OTHER_WORDS:
            found.append(size)
    return found


def _is_sign(words: Sequence[str], at: int) -> bool:
    beside = ((words[at - 1], words[at]) if at else None, tuple(words[at : at + 2]))
    return words[at] in _sign_words() or not _SIGN_PAIRS.isdisjoint(beside)


def without_courtesies(text: str) -> str:
    """Return a text of a script without spaces, its spaces left out already, without greetings and thanks at its ends.

    >>> without_courtesies("สวัสดีครับบัตรของฉันอยู่ที่ไหน")
    'บัตรของฉันอยู่ที่ไหน'
    """
    start, end, cut = 0, len(text), True
    while cut:
        cut = False
        for phrase in _UNSPACED_PHRASES:
            if start + len(phrase) <= min(end, _MOST_UNSPACED) and text.startswith(phrase, start):
                start, cut = start + len(phrase), True
            if end - len(phrase) >= max(start, len(text) - _MOST_UNSPACED) and text.endswith(phrase, start, end):
                end, cut = end - len(phrase), True
    return text[start:end]
