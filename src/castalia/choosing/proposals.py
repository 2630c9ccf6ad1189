"""Option values that suit a request: short and certain for a fact, free for a poem."""

import re

from castalia.choosing.reading import Reading

ONE_WORD = re.compile(
    r"\b(?:in|with|just|only|using) (?:one|a single) word\b|\bone[- ]word\b|\byes or no\b"
    r"|\bonly the (?:number|name|answer|word)\b|\b(?:en|con) una (?:sola )?palabra\b|\ben un (?:seul )?mot\b"
    r"|\b(?:in|mit) einem wort\b|\bja oder nein\b|\boui ou non\b|\bsí o no\b|一个(?:词|字)|是或否|một từ|có hay không",
    re.IGNORECASE,
)
ONE_SENTENCE = re.compile(
    r"\b(?:in|with) (?:one|a|two|a single) (?:short )?sentences?\b|\bbriefly\b|\ben una frase\b|\ben une phrase\b"
    r"|\bin einem satz\b|一句话|một câu thôi",
    re.IGNORECASE,
)
CODE = re.compile(
    r"```|\b(?:python|javascript|typescript|java|rust|golang|sql|regex|bash|html|css|kotlin|function|unit tests?|json"
    r"|yaml|código|fonction|funktion)\b|\bc(?:\+\+|#)|代码|函数|đoạn mã|viết hàm",
    re.IGNORECASE,
)
CREATIVE = re.compile(
    r"\b(?:poem|haiku|sonnet|limerick|story|tale|novel|lyrics|song|joke|slogan|tagline|names for|brainstorm|ideas"
    r"|fairy tale|screenplay|monologue|dialogue|poema|cuento|chiste|poème|conte|histoire|blague|gedicht|geschichte"
    r"|märchen|witz)\b|诗|故事|笑话|bài thơ|câu chuyện|chuyện cười",
    re.IGNORECASE,
)
FACTUAL = re.compile(
    r"^\W*(?:what|who|whom|whose|when|where|which|how (?:many|much|old|far|long|tall|high)|is|are|was|were|does|do|did"
    r"|translate|summari[sz]e|classify|extract|correct|cu[aá]l|qui[eé]n|cu[aá]ndo|d[oó]nde|qu[eé]|quel|quelle|qui|quand"
    r"|où|combien|wer|wann|wo|wie viele|traduce|traduis|übersetze|resume|résume)\b|是什么|多少|哪里|谁|翻译|là gì"
    r"|bao nhiêu|ở đâu|dịch ",
    re.IGNORECASE,
)


SEVERAL = re.compile(
    r"\b(?:variations?|different|several|a few|a couple of|various|alternatives|surprise me|varias"
    r"|varios|variaciones|algunas|plusieurs|quelques|variantes|mehrere|verschiedene|einige|ein paar|varianten)\b"
    r"|几张|几个|几种|一些|不同的|\b(?:vài|một số|nhiều kiểu)\b",
    re.IGNORECASE,
)
COUNTS = {"image": 4, "audio": 4, "music": 2}
"""How many different ones an open-ended wish for several gets."""


def propose_media(reading: Reading, modality: str) -> tuple[dict[str, object], str | None]:
    """Options of media generation for this prompt, and the reason in words: several where variety is wanted."""
    if modality not in COUNTS or any(token[0].isdigit() for token in reading.tokens):
        return {}, None
    if not SEVERAL.search(reading.whole):
        return {}, None
    count = COUNTS[modality]
    return {"count": count}, f"An open-ended wish for several: {count} different ones."


def propose_text(reading: Reading) -> tuple[dict[str, object], str | None]:
    """Options of text generation for this prompt, and the reason in words."""
    prompt = reading.whole
    if ONE_WORD.search(prompt):
        return {"temperature": 0.0, "max_tokens": 48}, "A one-word answer is wanted: short, and no chance in it."
    if CODE.search(prompt):
        return {"temperature": 0.2}, "Code wants a low temperature."
    if CREATIVE.search(prompt):
        return {"temperature": 0.9}, "A creative text may vary: high temperature."
    settings: dict[str, object] = {}
    if ONE_SENTENCE.search(prompt):
        settings["max_tokens"] = 96
    if FACTUAL.search(prompt):
        settings["temperature"] = 0.2
        return settings, "A matter of fact: low temperature."
    return settings, "A short answer is wanted." if settings else None
