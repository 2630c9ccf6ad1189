"""National identity, tax and insurance numbers, each by its own rules and check digits.

Numbers whose check digits are weak (one number in ten passes) or missing count only after a word that names them.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from castalia.guarding.findings import Finding, near


@dataclass(frozen=True)
class Rule:
    """A kind: its pattern, its check over the letters and digits alone, and the words that name it.

    Without such a word a match scores ``bare``; 0 means that it does not count.
    """

    kind: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    words: re.Pattern[str]
    bare: float


def find(text: str) -> list[Finding]:
    """All numbers whose checks hold."""
    found: list[Finding] = []
    for rule in RULES:
        for match in rule.pattern.finditer(text):
            if not rule.check(re.sub(r"[^0-9A-Za-z]", "", match.group()).upper()):
                continue
            score = 0.97 if near(text, match.start(), rule.words) else rule.bare
            if score > 0:
                found.append(Finding(rule.kind, match.start(), match.end(), match.group(), score))
    return found


def us_ssn(digits: str) -> bool:
    """Never given out: areas 000, 666 and 900 up, group 00, serial 0000 (SSA), and the two of advertisements."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return (
        area not in {"000", "666"}
        and area < "900"
        and group != "00"
        and serial != "0000"
        and digits not in {"078051120", "219099999", "123456789"}
    )


def uk_nino(text: str) -> bool:
    """Prefixes that are not given out (HMRC)."""
    return text[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def de_tax_id(digits: str) -> bool:
    """Of the first ten digits one occurs twice or thrice, no other more than once; then ISO 7064 MOD 11,10."""
    repeats = [count for count in Counter(digits[:10]).values() if count > 1]
    if len(repeats) != 1 or repeats[0] > 3 or digits[0] == "0":
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def fr_nir(text: str) -> bool:
    """The key is 97 minus the number by 97; Corsica's 2A and 2B count as 19 and 18 (INSEE)."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return number.isdecimal() and 97 - int(number) % 97 == int(text[13:])


def es_id(text: str) -> bool:
    """The letter stands for the number by 23; X, Y, Z of foreigners count as 0, 1, 2."""
    number = text[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1]


def it_fiscal_code(text: str) -> bool:
    """The last letter is the sum over odd and even places by 26 (decree of 23 December 1976)."""
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    values = [int(sign) if sign.isdecimal() else ord(sign) - ord("A") for sign in text]
    total = sum(odd[value] if place % 2 == 0 else value for place, value in enumerate(values[:15]))
    return total % 26 == values[15]


def nl_bsn(digits: str) -> bool:
    """Weights 9 to 2 and -1; the sum divides by 11."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return digits != "0" * 9 and sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11 == 0


def ch_ahv(digits: str) -> bool:
    """Check digit as in EAN-13."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])


def vn_cccd(digits: str) -> bool:
    """Province 001 to 096, then century and sex, then the year of birth."""
    return 1 <= int(digits[:3]) <= 96


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{text})\b", re.IGNORECASE)


BEFORE, AFTER = r"(?<![\w.,/+-])", r"(?![\w]|[-.,/]\w)"
SSN_WORDS = _words("ssn|social security|social sec|socsec|tax ?payer")
RULES = (
    Rule("us_ssn", re.compile(BEFORE + r"\d{3}([- ])\d{2}\1\d{4}" + AFTER), us_ssn, SSN_WORDS, 0.8),
    Rule("us_ssn", re.compile(BEFORE + r"\d{9}" + AFTER), us_ssn, SSN_WORDS, 0.0),
    Rule(
        "uk_nino",
        re.compile(BEFORE + r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]" + AFTER, re.IGNORECASE),
        uk_nino,
        _words("nino|ni number|national insurance"),
        0.75,
    ),
    Rule(
        "de_tax_id",
        re.compile(BEFORE + r"\d{2} ?\d{3} ?\d{3} ?\d{3}" + AFTER),
        de_tax_id,
        _words("steuer\\w*|idnr|identifikationsnummer|tax id\\w*|tin"),
        0.6,
    ),
    Rule(
        "fr_nir",
        re.compile(
            BEFORE + r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}" + AFTER,
            re.IGNORECASE,
        ),
        fr_nir,
        _words("nir|insee|sécu\\w*|secu|sécurité sociale|securite sociale"),
        0.8,
    ),
    Rule(
        "es_id",
        re.compile(BEFORE + r"(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z]" + AFTER, re.IGNORECASE),
        es_id,
        _words("dni|nie|nif|documento|identidad"),
        0.75,
    ),
    Rule(
        "it_fiscal_code",
        re.compile(BEFORE + r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]" + AFTER, re.IGNORECASE),
        it_fiscal_code,
        _words("codice fiscale|cf|fiscal code"),
        0.9,
    ),
    Rule(
        "nl_bsn",
        re.compile(BEFORE + r"\d{4}\.?\d{2}\.?\d{3}" + AFTER),
        nl_bsn,
        _words("bsn|burgerservice\\w*|sofi\\w*"),
        0.0,
    ),
    Rule("ch_ahv", re.compile(BEFORE + r"756\.?\d{4}\.?\d{4}\.?\d{2}" + AFTER), ch_ahv, _words("ahv|avs|avs-nr"), 0.85),
    Rule(
        "vn_cccd",
        re.compile(BEFORE + r"\d{12}" + AFTER),
        vn_cccd,
        _words("cccd|cmnd|căn cước|citizen id\\w*|định danh"),
        0.0,
    ),
)
