"""The measures of tasks: what passes, what is flagged."""

import pytest

from castalia.judging.tasks import TaskContext, judge_task

SOURCE = "The town of Norby paid 1,200 crowns for the harbour on 3 April. " * 4


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("new numbers", {"texts": ["1200 crowns"]}, {"texts": ["1300 crowns"]}),
        ("numbers kept", {"texts": ["1200 crowns on 3.4. and 3"]}, {"texts": ["some crowns"]}),
        ("shorter", {"texts": ["Norby paid."]}, {"texts": [SOURCE]}),
        ("left as it was", {"texts": ["Norby has bought its harbour."]}, {"texts": [SOURCE]}),
        ("support", {"texts": ["The town paid crowns"]}, {"texts": ["Martians landed yesterday evening"]}),
        ("support", {"texts": ["The town paid"]}, {"texts": ["The town paid for harbour/town"]}),
        ("found in the text", {"texts": ['{"a": "norby"}']}, {"texts": ['{"a": ["Oslo"]}']}),
        ("sure", {"facts": {"scores": {"a": 0.9, "b": 0.1}}}, {"facts": {"scores": {"a": 0.4, "b": 0.3, "c": 0.3}}}),
        ("parses", {"texts": ["x = 1"]}, {"texts": ["x = = 1"]}),
        ("all rows", {"texts": ["a", "b"]}, {"texts": ["a", " "]}),
        ("coverage", {"coverage": 1.0}, {"coverage": 0.5}),
        ("points kept", {"texts": [SOURCE]}, {"texts": ["Nothing of it."]}),
        ("language", {"texts": ["Das ist der Brief, den ich nicht mit der Post bekommen habe."]},
         {"texts": ["This is the letter that I have not got with the post."]}),
    ],
)  # fmt: skip
def test_each_measure_passes_what_is_good_and_flags_what_is_not(
    name: str, good: dict[str, object], bad: dict[str, object]
) -> None:
    options: dict[str, object] = {"to": "German", "language": "Python"}
    for made, status in ((good, "pass"), (bad, "flag")):
        context = TaskContext(**{"source": SOURCE, "texts": ["x"], "options": options, **made})  # pyright: ignore[reportArgumentType]
        (measure,) = judge_task((name,), context)
        assert measure.status == status, measure
        assert bool(measure.note) == (status == "flag")


def test_a_test_asserts_something_of_the_code() -> None:
    code, options = "def mean(xs):\n    return sum(xs) / len(xs)", {"language": "Python", "action": "test"}
    told = {
        "assert mean([1, 3]) == 2\nassert mean([5]) == 5": (2.0, "pass"),
        "class Mean(TestCase):\n    def test(self):\n        self.assertEqual(mean([1]), 1)": (1.0, "pass"),
        code: (0.0, "flag"),
        "assert True": (0.0, "flag"),
    }
    for text, (value, status) in told.items():
        (measure,) = judge_task(("tests it",), TaskContext(source=code, texts=[text], options=options))
        assert (measure.value, measure.status) == (value, status)
    assert judge_task(("tests it",), TaskContext(source=code, texts=["x = = 1"], options=options)) == []
    assert judge_task(("tests it",), TaskContext(source=code, texts=[code], options=options | {"action": "fix"})) == []
