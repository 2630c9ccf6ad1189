"""Reading a request's wording: what is said, apart from what is only quoted or handed over to be worked on."""

import re
import unicodedata
from dataclasses import dataclass

from castalia.choosing.lexicon import LEXICON, Lexicon

HEAD, TAIL = 1200, 600
"""Characters kept of a long prompt: people say what they want at its start or its end."""

FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
URL = re.compile(r"https?://\S+|www\.\S+")
MASK = re.compile(r"[<\[]\s*mask\s*[>\]]|_{3,}", re.IGNORECASE)
FILE = re.compile(r"[\w./\\-]*\.([a-z][a-z0-9]{1,4})\b", re.IGNORECASE)
QUOTE = re.compile(
    r"“[^”]{2,}”|„[^“”]{2,}[“”]|«[^»]{2,}»|「[^」]{2,}」|『[^』]{2,}』|《[^》]{1,}》|\"[^\"]{2,}\""
    r"|(?<!\w)['‘’](?=\S).{2,}?(?<=\S)['’](?!\w)",
    re.DOTALL,
)
TOKEN = re.compile(
    r"<[a-z:]+>|\d+[a-z]+(?:-[^\W\d_]+)*|[^\W\d_]+(?:[_'’-][^\W\d_]+)*|\d[\d,.]*\d|\d|[.,;:?!。，；：？！、]"
)
CJK = re.compile(r"[㐀-鿿぀-ヿ]")
VIETNAMESE = re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỵỷỹ]", re.IGNORECASE)
PAYLOAD = re.compile(
    r"(?:^|\n)\W*(?:input|text|source|question|context|eingabe|entrada|entrée|输入|文本)\s*[:：]", re.IGNORECASE
)

KINDS = {
    "image": ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tiff", "tif", "heic", "svg"),
    "audio": ("wav", "mp3", "flac", "ogg", "m4a", "opus", "aac", "wma"),
    "video": ("mp4", "mov", "mkv", "webm", "avi", "m4v"),
    "table": ("csv", "tsv", "parquet", "xlsx", "xls"),
    "text": ("txt", "md", "pdf", "docx", "html", "json"),
}
KIND_OF_SUFFIX = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}


@dataclass(frozen=True)
class Reading:
    """A prompt as the signals see it.

    ``tokens`` are lower-case words, phrases of the lexicon joined by ``_``, punctuation, and marks such as
    ``<quote>`` where quoted text, code, addresses or file names stood. ``language`` is a guess (``en``, ``zh``, ...).
    ``whole`` is the prompt without any masking; of a long one, its start and its end.
    """

    whole: str
    tokens: list[str]
    language: str
    quoted: str = ""


def read(prompt: str, lexicon: Lexicon = LEXICON) -> Reading:
    """The reading of a prompt; never fails, an empty prompt gives no tokens."""
    prompt = prompt.strip()
    kept = prompt if len(prompt) <= HEAD + TAIL else f"{prompt[:HEAD]} . {prompt[-TAIL:]}"
    text = whole = unicodedata.normalize("NFKC", kept)
    quotes = QUOTE.findall(text)
    if sum(map(len, quotes)) > 0.85 * len(text):
        text, quotes = text.strip("\"'“”„«»「」『』‘’ "), []
    masked = QUOTE.sub(" <quote> ", text) if quotes else text
    masked = MASK.sub(" <gap> ", FENCE.sub(" <code> ", masked))
    handed = PAYLOAD.search(masked)
    if handed and handed.start() > 12:
        masked = masked[: handed.start()] + " <payload> "
    masked = FILE.sub(_file_mark, URL.sub(" <url> ", masked)).lower().replace("’", "'")
    masked = lexicon.packed.sub(r" \g<0> ", masked)
    tokens = _phrased(TOKEN.findall(masked), lexicon)
    return Reading(
        whole=whole, tokens=tokens, language=guess_language(whole, tokens, lexicon), quoted=" ".join(quotes).lower()
    )


def _phrased(words: list[str], lexicon: Lexicon) -> list[str]:
    """The words, with phrases of the lexicon joined by ``_`` into one token each."""
    tokens: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        for rest in lexicon.phrases.get(word, ()):
            if tuple(words[place : place + len(rest)]) == rest:
                word = "_".join((word, *rest))
                place += len(rest)
                break
        tokens.append(word)
    return tokens


def _file_mark(found: re.Match[str]) -> str:
    kind = KIND_OF_SUFFIX.get(found.group(1).lower())
    return f" <file:{kind}> " if kind else found.group(0)


def guess_language(text: str, tokens: list[str], lexicon: Lexicon = LEXICON) -> str:
    """The language by its letters, else by its commonest small words; ``en`` when nothing speaks for another."""
    if len(CJK.findall(text)) > 0.2 * len(text):
        return "zh"
    if len(VIETNAMESE.findall(text)) >= 2:
        return "vi"
    counts = {language: sum(token in words for token in tokens) for language, words in lexicon.languages.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] > counts["en"] else "en"
