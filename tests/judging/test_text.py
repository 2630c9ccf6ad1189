"""Every check of text finds its planted fault, and sane answers pass all of them."""

import math
from typing import ClassVar

import pytest

from castalia.core.content import Part, ToolCall
from castalia.core.events import TokenLogprob
from castalia.core.requests import Request
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.instant.text import check
from castalia.judging.language import allowed, detect
from castalia.judging.obeying import check_tool_calls, violations

ENGLISH = (
    "Photosynthesis is how plants make food from light. Their leaves take in carbon dioxide from the air and draw "
    "water up from the soil, and with the energy of sunlight they turn both into sugar. Oxygen is what is left over, "
    "and it leaves through tiny pores. Without it there would be hardly anything for animals to breathe or to eat."
)
TEXTS = {
    "en": ENGLISH,
    "es": "La fotosíntesis es el proceso por el que las plantas fabrican su alimento con la luz del sol. Las hojas "
    "toman dióxido de carbono del aire y agua del suelo, y lo convierten en azúcar.",
    "fr": "La photosynthèse est le processus par lequel les plantes fabriquent leur nourriture grâce à la lumière. Les "
    "feuilles prennent le gaz dans l'air et l'eau dans le sol pour en faire du sucre.",
    "de": "Bei der Photosynthese stellen Pflanzen aus Licht ihre Nahrung her. Die Blätter nehmen Kohlendioxid aus der "
    "Luft auf und ziehen Wasser aus dem Boden, und daraus wird mit der Energie der Sonne Zucker.",
    "it": "La fotosintesi è il processo con cui le piante producono il loro nutrimento dalla luce. Le foglie prendono "
    "anidride carbonica dall'aria e acqua dal terreno e ne fanno zucchero.",
    "pt": "A fotossíntese é o processo pelo qual as plantas produzem o seu alimento a partir da luz. As folhas retiram "
    "dióxido de carbono do ar e água do solo e fazem açúcar com isso.",
    "nl": "Fotosynthese is het proces waarmee planten hun voedsel maken uit licht. De bladeren halen koolstofdioxide "
    "uit de lucht en water uit de bodem, en daar maken ze suiker van.",
    "vi": "Quang hợp là quá trình mà cây xanh tạo ra thức ăn từ ánh sáng. Lá cây lấy khí từ không khí và nước từ đất, "
    "rồi biến chúng thành đường.",
    "zh": "光合作用是植物利用阳光制造食物的过程。叶子从空气中吸收二氧化碳，从土壤中吸收水分，并把它们变成糖。",
    "ja": "光合成とは、植物が光を使って養分を作る働きです。葉は空気から二酸化炭素を取り入れ、土から水を吸い上げます。",
    "ko": "광합성은 식물이 빛으로 양분을 만드는 과정입니다. 잎은 공기에서 이산화탄소를 얻고 흙에서 물을 얻습니다.",
    "ru": "Фотосинтез — это процесс, при котором растения создают пищу из света. "
    "Листья берут углекислый газ из воздуха.",
    "ar": "التمثيل الضوئي هو العملية التي تصنع بها النباتات غذاءها من الضوء. "
    "تأخذ الأوراق الغاز من الهواء والماء من التربة.",
}


def measures(answer: str, prompt: str = "Explain photosynthesis to a child.", **fields: object) -> dict[str, Measure]:
    options = fields.pop("options", {})
    context = CheckContext(request=Request.of_text(prompt, options=options), **fields)
    return {measure.name: measure for measure in check(Part.of_text(answer), context)}


def flagged(answer: str, prompt: str = "Explain photosynthesis to a child.", **fields: object) -> set[str]:
    return {name for name, measure in measures(answer, prompt, **fields).items() if measure.status != "pass"}


SANE = [
    ("What is the capital of France? Answer in one word.", "Paris"),
    ("Name three colours.", "- red\n- green\n- blue"),
    ("Explain photosynthesis to a child.", ENGLISH),
    ("Write a haiku.", "Still pond at morning\nA heron lifts one grey leg\nRings of light widen"),
    ("Give me a Python function that adds.", "Here it is:\n\n```python\ndef add(a, b):\n    return a + b\n```"),
    ("What is 2 + 2?", "4"),
    ("Who wrote Hamlet?", "William Shakespeare wrote Hamlet around 1600 🎭"),
    (
        "Give me a shopping list with quantities.",
        "1. Two litres of milk\n2. Six eggs\n3. A loaf of bread\n4. Half a pound of butter\n5. Apples and two pears",
    ),
    ("Cheer for the team!", "Go, go, go! You can do it! Yes, yes, yes!"),
    ("Translate to German: good morning, how are you today?", "Guten Morgen, wie geht es dir heute?"),
    ("What does 'Je ne sais quoi' mean?", "It is French for “I do not know what” and means a quality hard to name."),
    ("Correct the grammar: she go to school every day", "She goes to school every day."),
    ("Make a table of two cities.", "| City | Country |\n|---|---|\n| Oslo | Norway |\n| Rome | Italy |"),
    ("Erkläre einem Kind die Photosynthese.", TEXTS["de"]),
    ("Explain photosynthesis in French.", TEXTS["fr"]),
    ("Fasse zusammen: " + TEXTS["en"], TEXTS["de"]),
    ("Fasse zusammen: " + TEXTS["en"], "Plants make sugar from light, water and air, and they give off the oxygen."),
]


@pytest.mark.parametrize(("prompt", "answer"), SANE)
def test_sane_answers_pass(prompt: str, answer: str) -> None:
    assert flagged(answer, prompt) == set()


def test_empty_blocks() -> None:
    assert measures("  \n ")["empty"].status == "block"


class TestRepetition:
    def test_a_sentence_in_a_loop(self) -> None:
        found = measures(ENGLISH + " The plant is green and it grows." * 9)
        assert found["loop"].status == "flag"
        assert found["loop"].value == 63
        assert "9 times" in found["loop"].note

    def test_one_word_in_a_loop(self) -> None:
        assert "loop" in flagged("The answer is " + "very " * 40 + "long.")

    def test_a_syllable_stuck(self) -> None:
        assert "loop" in flagged("The answer is ha" + "ha" * 40 + ".")

    def test_signs_without_spaces(self) -> None:
        assert "loop" in flagged("植物植物植物植物植物植物植物植物植物植物", "请解释什么是光合作用")

    def test_sentences_said_again_in_turn(self) -> None:
        sentences = ["The plant takes water from the soil.", "The sun gives it light all day.", "The leaf makes sugar."]
        woven = " ".join(sentences[(index * index) % 3] for index in range(24))
        assert "repetition" in flagged(woven)

    def test_code_may_repeat(self) -> None:
        code = "```\n" + "add r1 r2 r3 r4\n" * 30 + "```\nThat adds thirty times."
        assert flagged(code) == set()

    def test_repetition_that_was_asked_for(self) -> None:
        assert flagged("hello " * 30 + ".", "Repeat the word hello 30 times") == set()


class TestCutOff:
    def test_length_limit(self) -> None:
        found = measures(ENGLISH[:100], finish_reason="length", options={"max_tokens": 20})
        assert found["cut off"].status == "flag"
        assert "max_tokens (20)" in found["cut off"].note

    @pytest.mark.parametrize(
        "answer",
        [
            ENGLISH[:-40],
            "The three primary colours are red, green and",
            "The list of what to bring (",
            "Here you are:\n```python\ndef add(a, b):\n",
        ],
    )
    def test_no_end(self, answer: str) -> None:
        assert "cut off" in flagged(answer)

    def test_a_transcript_ends_where_the_recording_ends(self) -> None:
        request = Request.of_text("Transcribe this.", [Part(type="file", media_type="audio/wav", data=b"")])
        found = check(Part.of_text(ENGLISH[:-40]), CheckContext(request=request))
        assert all(measure.status == "pass" for measure in found)

    def test_a_stop_text_may_end_it_anywhere(self) -> None:
        assert "cut off" not in flagged(ENGLISH[:-40], options={"stop": ["breathe"]})


class TestLanguage:
    @pytest.mark.parametrize("code", TEXTS)
    def test_detection(self, code: str) -> None:
        guess = detect(TEXTS[code])
        assert guess is not None
        assert guess.code == code
        assert guess.confidence > 0.6

    @pytest.mark.parametrize("text", ["", "Paris", "42", "x = 3", "OK thanks", "Zürich, Genf, Bern"])
    def test_too_little_to_tell(self, text: str) -> None:
        assert detect(text) is None

    @pytest.mark.parametrize("code", [code for code in TEXTS if code != "en"])
    def test_wrong_language(self, code: str) -> None:
        assert "language" in flagged(TEXTS[code])

    @pytest.mark.parametrize(
        ("prompt", "expected"),
        [
            ("Explain photosynthesis in French.", {"fr"}),
            ("Translate to German: where is the station?", {"de"}),
            ("Please translate this sentence into Vietnamese for my aunt: thank you", {"vi"}),
            ("Explique la photosynthèse en anglais, s'il te plaît", {"en"}),
            ("Erkläre mir das bitte auf Spanisch.", {"es"}),
            ("What is the best dish in French cuisine for a large party of guests?", {"en", "fr"}),
            ("Translate this for me, will you please?", None),
            ("Paris?", None),
            ("Wie funktioniert die Photosynthese und was brauchen die Pflanzen dazu?", {"de"}),
        ],
    )
    def test_what_a_request_allows(self, prompt: str, expected: set[str] | None) -> None:
        assert allowed(Request.of_text(prompt)) == expected

    def test_an_outright_wish_decides(self) -> None:
        assert "language" in flagged(ENGLISH, "Explain photosynthesis in French, please.")
        assert "language" not in flagged(TEXTS["fr"], "Explain photosynthesis in French, please.")

    def test_attachments_may_be_in_any_language(self) -> None:
        request = Request.of_text("What does she say in this recording?", [Part(type="speech", data=b"")])
        assert allowed(request) is None


class TestSchema:
    SCHEMA: ClassVar = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
        "required": ["city", "people"],
    }

    def test_obeyed(self) -> None:
        assert flagged('{"city": "Oslo", "people": 700000}', options={"json_schema": self.SCHEMA}) == set()

    def test_violated(self) -> None:
        found = measures('{"city": 5, "people": -1}', options={"json_schema": self.SCHEMA})
        assert found["schema"].status == "flag"
        assert found["schema"].value == 2
        assert "$.city" in found["schema"].note

    def test_not_json_blocks(self) -> None:
        assert measures("Oslo, of course.", options={"json_schema": self.SCHEMA})["schema"].status == "block"

    def test_references_are_not_fetched(self) -> None:
        assert "refers" in violations("{}", {"$ref": "http://127.0.0.1:9/schema.json"})[0]

    def test_tool_calls(self) -> None:
        tool = {"name": "weather", "parameters": self.SCHEMA}
        request = Request.of_text("Weather?", options={"tools": [tool]})

        def calls(name: str, arguments: str) -> list[Measure]:
            call = ToolCall(id="1", name=name, arguments=arguments)
            return check_tool_calls(CheckContext(request=request, tool_calls=[call]))

        assert calls("weather", '{"city": "Oslo", "people": 1}')[0].status == "pass"
        assert calls("weather", '{"city": "Oslo"}')[0].status == "flag"
        assert calls("weather", "Oslo")[0].status == "flag"
        assert "no tool" in calls("wether", "{}")[0].note


class TestEcho:
    def test_the_prompt_comes_back(self) -> None:
        prompt = "What is the tallest mountain on earth, and who was the first to climb it?"
        assert "echo" in flagged(prompt, prompt)
        assert "echo" not in flagged("Mount Everest; Hillary and Norgay climbed it first, in 1953.", prompt)


class TestConfidence:
    @staticmethod
    def tokens(*probabilities: float) -> list[TokenLogprob]:
        return [TokenLogprob(token=f"t{i} ", logprob=math.log(p)) for i, p in enumerate(probabilities)]

    def test_sure(self) -> None:
        found = measures(ENGLISH, logprobs=self.tokens(*[0.7] * 30))
        assert found["confidence"].value == pytest.approx(0.7, abs=1e-3)
        assert found["confidence"].status == "pass"
        assert found["weakest stretch"].status == "pass"

    def test_unsure_throughout(self) -> None:
        assert "confidence" in flagged(ENGLISH, logprobs=self.tokens(*[0.1] * 30))

    def test_unsure_in_one_place(self) -> None:
        found = measures(ENGLISH, logprobs=self.tokens(*[0.9] * 50, *[0.01] * 8, *[0.9] * 50))
        assert found["confidence"].status == "pass"
        assert found["weakest stretch"].status == "flag"
        assert "t50" in found["weakest stretch"].note

    def test_absent_without_log_probabilities(self) -> None:
        assert "confidence" not in measures(ENGLISH)
