"""Instructions whose following a program can see: two dozen kinds, after the idea of IFEval (Zhou et al., 2023).

Each prompt is our own. A check looks at the whole answer; what it wants stands in the prompt.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from castalia.judging.evaluation.language.texts import sentences_of
from castalia.judging.repetition import words_of

Check = Callable[[str], bool]


@dataclass(frozen=True)
class Instruction:
    """``kind`` names the sort; ``check`` says whether an answer follows."""

    kind: str
    prompt: str
    check: Check


def instructions() -> list[Instruction]:
    """All of them, two of each kind."""
    return [Instruction(kind, prompt, check) for kind, pairs in _ALL.items() for prompt, check in pairs]


def at_most_words(most: int) -> Check:
    """No more words than that, and at least one."""
    return lambda text: 0 < len(words_of(text)) <= most


def at_least_words(least: int) -> Check:
    """No fewer words than that."""
    return lambda text: len(words_of(text)) >= least


def sentences(count: int) -> Check:
    """Exactly so many sentences."""
    return lambda text: len(sentences_of(text)) == count


def paragraphs(count: int) -> Check:
    """Exactly so many paragraphs, blank lines between."""
    return lambda text: len([one for one in re.split(r"\n\s*\n", text.strip()) if one.strip()]) == count


def bullets(count: int) -> Check:
    """Exactly so many lines that begin with ``-`` or ``*``."""
    return lambda text: len(re.findall(r"^\s*[-*•]\s+\S", text, re.MULTILINE)) == count


def numbered(count: int) -> Check:
    """A list numbered 1 to ``count``."""
    return lambda text: (
        [int(one) for one in re.findall(r"^\s*(\d+)[.)]\s+\S", text, re.MULTILINE)] == list(range(1, count + 1))
    )


def holds(*words: str) -> Check:
    """Every one of these words."""
    return lambda text: all(word in words_of(text) for word in words)


def lacks(*words: str) -> Check:
    """None of these words, and something."""
    return lambda text: bool(text.strip()) and not any(word in words_of(text) for word in words)


def lacks_letter(letter: str) -> Check:
    """Not that letter, and something."""
    return lambda text: bool(text.strip()) and letter not in text.lower()


def begins(start: str) -> Check:
    """Begins so, case aside."""
    return lambda text: text.strip().lower().startswith(start.lower())


def ends(end: str) -> Check:
    """Ends so, case and a last full stop aside."""
    return lambda text: text.strip().rstrip(".!\"'").lower().endswith(end.lower().rstrip(".!"))


def is_json(*keys: str) -> Check:
    """A JSON object with these keys, alone or in a fence."""

    def check(text: str) -> bool:
        plain = re.sub(r"^```(?:json)?\s*|\s*```$", "", text.strip())
        try:
            value: object = json.loads(plain)
        except ValueError:
            return False
        return isinstance(value, dict) and all(key in value for key in keys)

    return check


def one_of(*answers: str) -> Check:
    """Nothing but one of these, case and signs aside."""
    return lambda text: re.sub(r"\W+", " ", text).strip().lower() in answers


def upper(text: str) -> bool:
    """All letters are capital ones."""
    return any(sign.isalpha() for sign in text) and text == text.upper()


def lower(text: str) -> bool:
    """All letters are small ones."""
    return any(sign.isalpha() for sign in text) and text == text.lower()


def without_commas(text: str) -> bool:
    """No comma, and something."""
    return bool(text.strip()) and "," not in text


def titled(text: str) -> bool:
    """A title in double angle brackets."""
    return re.search(r"<<[^<>\n]+>>", text) is not None


def quoted(text: str) -> bool:
    """All of it between double quotation marks."""
    plain = text.strip()
    return len(plain) > 2 and plain[0] in "\"“" and plain[-1] in "\"”"  # fmt: skip


def separated(text: str) -> bool:
    """Two parts with a line of six asterisks between."""
    parts = re.split(r"^\s*\*{6}\s*$", text, flags=re.MULTILINE)
    return len(parts) == 2 and all(part.strip() for part in parts)


def digits_only(text: str) -> bool:
    """A number and nothing else."""
    return re.fullmatch(r"\s*-?\d+(?:[.,]\d+)?\s*\.?\s*", text) is not None


def questions(count: int) -> Check:
    """So many question marks."""
    return lambda text: text.count("?") == count


def repeats_first(wanted: str) -> Check:
    """Repeats that before anything else."""
    return lambda text: text.strip().strip("\"'").lower().startswith(wanted.lower())


def times(word: str, count: int) -> Check:
    """The word at least so often."""
    return lambda text: words_of(text).count(word) >= count


_ALL: dict[str, list[tuple[str, Check]]] = {
    "most words": [
        ("Explain what rain is. Use at most 20 words.", at_most_words(20)),
        ("Say what a library is for in no more than ten words.", at_most_words(10)),
    ],
    "least words": [
        ("Describe a forest in autumn. Use at least 40 words.", at_least_words(40)),
        ("Write about the sea in no fewer than 50 words.", at_least_words(50)),
    ],
    "sentences": [
        ("Describe a cat in exactly two sentences.", sentences(2)),
        ("Write exactly three sentences about winter.", sentences(3)),
    ],
    "paragraphs": [
        ("Write two paragraphs about tea, with a blank line between them.", paragraphs(2)),
        ("Write three short paragraphs about bridges. Separate them by blank lines.", paragraphs(3)),
    ],
    "bullets": [
        ("Name fruits as a list of exactly three lines, each beginning with '- '.", bullets(3)),
        ("List exactly four colours. Begin each line with '* ' and write nothing else.", bullets(4)),
    ],
    "numbered list": [
        ("List three animals as a numbered list: 1., 2., 3.", numbered(3)),
        ("Give five things to pack for a journey as a list numbered 1. to 5.", numbered(5)),
    ],
    "words to use": [
        ("Write one sentence that contains the words 'river' and 'bridge'.", holds("river", "bridge")),
        ("Write a short story that contains the words 'lamp', 'door' and 'snow'.", holds("lamp", "door", "snow")),
    ],
    "words to avoid": [
        ("Describe the sun without using the words 'hot' or 'bright'.", lacks("hot", "bright")),
        ("Describe a dog. Do not use the word 'loyal' or the word 'friend'.", lacks("loyal", "friend")),
    ],
    "letter to avoid": [
        ("Name one animal whose name has no letter 'a'. Answer with the animal only.", lacks_letter("a")),
        ("Write one short sentence without the letter 'z'.", lacks_letter("z")),
    ],
    "beginning": [
        ("Tell me about trains. Begin your answer with the words 'Long ago'.", begins("Long ago")),
        ("Recommend a hobby. Begin with 'My advice'.", begins("My advice")),
    ],
    "ending": [
        ("Write two sentences about the moon and end with the words 'good night'.", ends("good night")),
        ("Say something about gardens. Finish your answer with 'That is all.'", ends("That is all")),
    ],
    "json": [
        ("Give a person as a JSON object with the keys name and age. Write only JSON.", is_json("name", "age")),
        ("Answer only with a JSON object that has the keys city and country, for Rome.", is_json("city", "country")),
    ],
    "one of": [
        ("Is fire hot? Answer only yes or no.", one_of("yes", "no")),
        ("Is Monday before Tuesday? Answer with one word: true or false.", one_of("true", "false")),
    ],
    "capitals": [
        ("Write a sentence about thunder in capital letters only.", upper),
        ("Name three cities. Use capital letters only.", upper),
    ],
    "small letters": [
        ("Write a sentence about a mouse. Use small letters only, no capital letter at all.", lower),
        ("Answer in lowercase letters only: what do bees make?", lower),
    ],
    "no commas": [
        ("Describe your morning without using any commas.", without_commas),
        ("Write two sentences about apples. Do not use commas.", without_commas),
    ],
    "title": [
        ("Write a two-line poem about wind with a title in double angle brackets, such as <<title>>.", titled),
        ("Write a short note about soup. Give it a title written like <<this>>.", titled),
    ],
    "quotation": [
        ("Put your whole answer between double quotation marks. What is a mountain?", quoted),
        ("Say hello. Wrap your entire answer in double quotation marks.", quoted),
    ],
    "separator": [
        ("Give two different answers to 'why do we sleep?', with a line of six asterisks (******) between.", separated),
        ("Write two greetings. Put a line with ****** between them.", separated),
    ],
    "number only": [
        ("How many days has a week? Answer with digits only.", digits_only),
        ("What is 12 minus 5? Reply with the number in digits and nothing else.", digits_only),
    ],
    "questions": [
        ("Ask me exactly one question about music and write nothing else.", questions(1)),
        ("Ask me exactly two questions about my holiday.", questions(2)),
    ],
    "repeat first": [
        ("First repeat this sentence word for word: 'The door is open.' Then say why.",
         repeats_first("The door is open.")),
        ("Repeat 'Water finds its way' first, then explain it.", repeats_first("Water finds its way")),
    ],
    "frequency": [
        ("Write about bees and use the word 'honey' at least three times.", times("honey", 3)),
        ("Write two sentences that use the word 'blue' at least twice in all.", times("blue", 2)),
    ],
}  # fmt: skip
