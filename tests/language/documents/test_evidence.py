"""Which questions a passage answers, in the languages whose words are known."""

import pytest

from castalia.language.documents.evidence import Evidence, exact_words, weigh
from castalia.language.documents.shelf import Passage
from castalia.language.tongues import tongue_of
from castalia.serving.house import House

LEASES = {
    "german": """Die Miete für die Wohnung beträgt 850 Euro im Monat. Die Frist für die Kündigung beträgt drei Monate. \
Das Treppenhaus wird jeden Samstag von den Mietern gereinigt. Hunde dürfen nur mit Zustimmung gehalten werden.""",
    "french": """Le loyer de l'appartement est de 850 euros par mois. Le préavis de résiliation est de trois mois. \
L'escalier est nettoyé chaque samedi par les locataires. Les vélos sont rangés dans la cave.""",
    "spanish": """La renta del piso es de 850 euros al mes. El plazo de preaviso es de tres meses. Los inquilinos \
limpian la escalera cada sábado. Las bicicletas se guardan en el sótano.""",
}
ANSWERED = [
    ("german", "Wie hoch ist die Miete?", "850"),
    ("german", "Wie lang ist die Kündigungsfrist?", "drei Monate"),
    ("german", "Wer reinigt das Treppenhaus?", "Mietern"),
    ("french", "Quel est le préavis ?", "trois mois"),
    ("french", "Qui nettoie l'escalier ?", "locataires"),
    ("spanish", "¿Cuándo se limpia la escalera?", "sábado"),
    ("spanish", "¿Dónde se guardan las bicicletas?", "sótano"),
]
UNANSWERED = [
    ("german", "Wie hoch ist die Miete in Köln?"),
    ("german", "Gibt es einen Aufzug?"),
    ("german", "Wie hoch ist die Kaution?"),
    ("french", "Quel est le loyer en 2031 ?"),
    ("french", "Y a-t-il un ascenseur ?"),
    ("spanish", "¿Cuántas habitaciones tiene el piso?"),
    ("spanish", "¿De qué color es la puerta?"),
]


def weighed(language: str, question: str, starter: House) -> Evidence:
    """The evidence of the lease in that language."""
    passage = Passage(
        id=1,
        document="d",
        name="lease.txt",
        title="Lease",
        heading="",
        page=None,
        start=0,
        end=len(LEASES[language]),
        text=LEASES[language],
    )
    return weigh(question, [passage], starter.library.encode)


@pytest.mark.parametrize(("language", "question", "phrase"), ANSWERED)
def test_what_stands_there_is_found(language: str, question: str, phrase: str, starter: House) -> None:
    evidence = weighed(language, question, starter)
    assert evidence.answerable, evidence.why
    assert phrase in evidence.sentences[0].text


@pytest.mark.parametrize(("language", "question"), UNANSWERED)
def test_what_does_not_is_told(language: str, question: str, starter: House) -> None:
    assert not weighed(language, question, starter).answerable


def test_nouns_are_no_names_and_names_are() -> None:
    question = "Wie hoch ist die neue Miete für Frau Meier in Köln?"
    assert exact_words(question, tongue_of(question)) == {"frau", "meier", "köln"}
    english = "How high is the rent for Ms Meier on Monday the 3rd?"
    assert exact_words(english, tongue_of(english)) == {"ms", "meier", "monday", "3rd"}


def test_languages_are_told_by_their_small_words() -> None:
    asked = ["What is due?", "Was ist fällig?", "Qu'est-ce qui est dû ?", "¿Qué se debe?", "何が期限ですか"]
    assert [tongue_of(one).name for one in asked] == ["english", "german", "french", "spanish", "english"]
