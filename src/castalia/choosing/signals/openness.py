"""Requests that leave the kind of output open in so many words: "make me something calm", which may be music, a picture
or a poem. The classifier takes their adjectives for proof, which they are not."""

import re

OPEN = re.compile(
    r"^\W*(?:please |kindly |can you |could you |would you )*"
    r"(?:(?:make|create|generate|produce|do|give|surprise|show|i want|i need|i(?:'|’)?d like|i would like)\b"
    r"(?: (?:me|us|her|him|them))?(?: with)? )?something\b(?! (?:like|to (?:read|hear|see|watch|listen|say|write|eat)))"
    r"|^\W*(?:por favor,? )?(?:(?:haz(?:me|nos)?|crea(?:me|nos)?|créame|dame|quiero|necesito|sorpréndeme|genera)"
    r"(?: con)? )?algo\b(?! (?:como|para (?:leer|oír|escuchar|ver)))"
    r"|^\W*(?:(?:fais|faites|crée|créez|donne|surprends|génère)(?:-(?:moi|nous))?(?: avec)? "
    r"|je (?:veux|voudrais) |j(?:'|’)aimerais )?quelque chose\b(?! (?:à (?:lire|écouter|voir)|comme))"
    r"|^\W*(?:bitte )?(?:(?:mach|erstell|erzeug|gib|überrasch|zeig)\w*(?: (?:mir|mich|uns))?(?: mit)? "
    r"|ich (?:will|möchte|hätte gern|brauche) )?(?:etwas|irgendetwas|irgendwas)\b(?! (?:zum|wie))"
    r"|^\W*(?:请)?(?:给.{0,6}?)?(?:来点|来一点|做点|做一点|弄点|来些|做些)(?:.{0,12}(?:东西|惊喜|的))$"
    r"|^\W*(?:(?:tạo|làm|cho|hãy làm|hãy tạo)\b(?: cho)?(?: tôi| mình)?(?: bất ngờ với)? )?"
    r"(?:một thứ gì đó|một cái gì đó|thứ gì đó|cái gì đó|gì đó)\b(?! (?:để (?:đọc|nghe|xem)))",
    re.IGNORECASE,
)
FLATTER = 6.0
"""What the log-odds of such a request are divided by; between 4 and 8 hardly any choice of ours depends on it."""


def is_open(text: str) -> bool:
    """Whether a request begins by asking for "something", in one of the six languages of the corpus."""
    return OPEN.match(text.strip()) is not None


def flattened(probabilities: dict[str, float], by: float = FLATTER) -> dict[str, float]:
    """The distribution p^(1/by), normalised: the same order, less certain."""
    flat = {name: value ** (1 / by) for name, value in probabilities.items()}
    total = sum(flat.values())
    return {name: value / total for name, value in flat.items()}
