"""Rows from what was observed: hand-made observations whose figures are known."""

import pytest

from castalia.core.models import Model
from castalia.core.results import Measure
from castalia.judging.comparing.cells import Row, RowSpec, share
from castalia.judging.comparing.observed import Output, Subject, Trial
from castalia.judging.comparing.quality import points, quality
from castalia.judging.comparing.rows import rows, specs
from castalia.judging.evaluation.figures import Evaluation, Figure, by_item

NAMES = [
    "core objective", "model scope", "input handling", "output type", "output behaviour", "context depth",
    "instruction handling", "evaluation method", "training data", "use-case fit", "typical limitations",
]  # fmt: skip
COSTS = ["seconds", "CPU-seconds", "memory", "disk", "energy (estimate)", "price"]


def output(kind: str = "text", sha: str = "a", described: tuple[float, ...] = (), words: str = "") -> Output:
    return Output(
        claimed=kind, kind=kind, media_type=f"{kind}/x", size=100, sha256=sha, described=list(described),
        words=words.split(),
    )  # fmt: skip


def trial(purpose: str = "sample", **fields: object) -> Trial:
    base = {"purpose": purpose, "prompt": "a prompt of five words", "seed": 0, "wanted": "text", "task": "text"}
    return Trial.model_validate({**base, "outputs": [output()], "seconds": 1.0, "cpu_seconds": 2.0, **fields})


def subject(name: str = "one", makes: str = "text", trials: list[Trial] | None = None, **fields: object) -> Subject:
    model = Model.model_validate(
        {"name": name, "format": "fake", "engines": ["fake"], "outputs": [makes], "folder": "/nowhere"}
    )
    return Subject.model_validate(
        {"model": model, "engine": "fake", "trials": trials or [], "no_evaluation": "none was made", **fields}
    )


def figure(name: str, value: float, low: float, high: float, **fields: object) -> Figure:
    base = {"name": name, "axis": "realism", "value": value, "interval": (low, high), "direction": "higher"}
    return Figure.model_validate({**base, "floor": 1.0, "baseline": 0.0, "n": 9, **fields})


def evaluation(*figures: Figure, name: str = "one") -> Evaluation:
    return Evaluation(model=name, modality="image", seed=0, samples=9, figures=list(figures))


def row(name: str, *subjects: Subject) -> Row:
    return next(one for one in rows(subjects) if one.name == name)


def test_the_eleven_rows_and_the_costs_come_in_order() -> None:
    assert [spec.name for spec in specs()] == [*NAMES, *COSTS]
    assert [spec.group for spec in specs()] == ["kind"] * len(NAMES) + ["cost"] * len(COSTS)
    assert all(isinstance(spec, RowSpec) and spec.about for spec in specs())


def test_a_cell_is_measured_or_says_why_not() -> None:
    for one in rows([subject(), subject("two", "image", failed="no memory")]):
        for cell in one.cells.values():
            assert (cell.value is None) == bool(cell.reason), (one.name, cell)


def test_what_comes_out_is_told_by_kind_and_what_was_asked() -> None:
    trials = [
        trial("request", wanted="text"),
        trial("request", wanted="image"),
        trial("request", wanted="image", error={"code": "bad_request", "message": "no"}, outputs=[]),
    ]
    cell = row("core objective", subject(trials=trials)).cells["one"]
    assert cell.value == "text 2 of 3"
    told = {part.name: part.value for part in cell.parts}
    assert told["the kind that was asked for"] == pytest.approx(1 / 3, abs=1e-5)
    assert told["asked for image"] == "text 1 x, bad_request 1 x"


def test_a_request_is_served_when_kind_checks_and_answer_are_right() -> None:
    trials = [
        trial("request", task="facts"),
        trial("request", task="facts", right=False),
        trial("request", task="facts", status="flag"),
        trial("request", task="pictures", wanted="image"),
    ]
    cell = row("use-case fit", subject(trials=trials)).cells["one"]
    assert cell.value == 0.25
    assert {part.name: part.value for part in cell.parts} == {"facts": pytest.approx(1 / 3, abs=1e-5), "pictures": 0.0}


def test_repeats_and_distances() -> None:
    trials = [
        trial(seed=0, outputs=[output("image", "a", (0.0, 0.0))]),
        trial(seed=1, outputs=[output("image", "b", (1.0, 0.0))]),
        trial("repeat", seed=0, outputs=[output("image", "a")]),
        trial("repeat", seed=1, outputs=[output("image", "c")]),
    ]
    cell = row("output behaviour", subject(trials=trials)).cells["one"]
    assert cell.value == 0.5
    assert next(part.value for part in cell.parts if part.name == "same seed, same bytes") == 0.5
    texts = [
        trial(seed=seed, outputs=[output(sha=str(seed), words=words)]) for seed, words in enumerate(["a b", "b c"])
    ]
    assert row("output behaviour", subject(trials=texts)).cells["one"].value == 0.5


def test_attachments_are_used_without_effect_or_refused() -> None:
    trials = [
        trial(outputs=[output(sha="a")]),
        trial("attachment", attached="a picture", outputs=[output(sha="a")]),
        trial("attachment", attached="a text", outputs=[output(sha="b")]),
        trial("attachment", attached="a sound", error={"code": "unsupported_input", "message": ""}, outputs=[]),
        trial("long prompt", prompt="word " * 50),
        trial("long prompt", prompt="word " * 90, error={"code": "context_length_exceeded", "message": ""}, outputs=[]),
    ]
    cell = row("input handling", subject(trials=trials, context=100)).cells["one"]
    told = {part.name: part.value for part in cell.parts}
    assert told["with a picture"] == "accepted, without effect"
    assert told["with a text"] == "accepted, changes the output"
    assert told["with a sound"] == "refused: unsupported_input"
    assert told["prompt of 90 words"] == "refused: context_length_exceeded"
    assert (cell.value, told["context"]) == (50, 100)


def test_the_effect_of_an_attachment_is_not_told_of_a_model_that_does_not_repeat() -> None:
    trials = [
        trial(outputs=[output(sha="a")]),
        trial("repeat", outputs=[output(sha="b")]),
        trial("attachment", attached="a text", outputs=[output(sha="c")]),
    ]
    (part,) = row("input handling", subject(trials=trials)).cells["one"].parts
    assert "cannot be told" in str(part.value)


def test_recall_reaches_as_far_as_half_of_the_facts() -> None:
    found = {50: [True, True], 200: [True, False], 800: [False, False]}
    trials = [trial("recall", distance=far, right=hit) for far, hits in found.items() for hit in hits]
    cell = row("context depth", subject(trials=trials)).cells["one"]
    assert (cell.value, cell.unit) == (200, "words")
    assert [part.value for part in cell.parts] == [1.0, 0.5, 0.0]
    still = row("context depth", subject(makes="image", trials=[trial()])).cells["one"]
    assert still.value is None
    assert "neither a before nor an after" in still.reason


def test_error_by_horizon_comes_from_the_evaluation() -> None:
    figures = [figure(f"error_quarter_{quarter}", quarter / 10, 0, 1, direction="lower") for quarter in range(1, 5)]
    cell = row("context depth", subject(makes="video", evaluation=evaluation(*figures))).cells["one"]
    assert cell.value == 0.4
    assert [part.value for part in cell.parts] == [0.1, 0.2, 0.3, 0.4]


def test_limitations_count_failing_checks() -> None:
    loud = Measure(name="clipped", value=1, status="flag", note="too loud")
    fine = Measure(name="clipped", value=0)
    trials = [trial(measures=[loud], status="flag"), trial(measures=[fine]), trial(error={"code": "x"}, outputs=[])]
    cell = row("typical limitations", subject(trials=trials)).cells["one"]
    assert cell.value == pytest.approx(2 / 3, abs=1e-5)
    told = {part.name: (part.value, part.n) for part in cell.parts}
    assert told["clipped"] == (0.5, 2)
    assert told["errors"] == (pytest.approx(1 / 3, abs=1e-5), 3)


def test_costs_are_those_of_its_own_kind_and_energy_is_an_estimate() -> None:
    trials = [trial(seconds=1.0, cpu_seconds=3.6), trial("request", seconds=99.0, cpu_seconds=99.0)]
    one = subject(trials=trials, memory=5)
    assert row("seconds", one).cells["one"].value == 1.0
    energy = row("energy (estimate)", one).cells["one"]
    assert (energy.value, energy.unit) == (10.0, "mWh")
    assert "estimate" in energy.note
    assert "this machine" in row("price", one).cells["one"].reason
    far = subject(trials=[trial(tokens=500)], remote=True)
    far.model.details["price_per_million_tokens"] = 2.0
    assert row("price", far).cells["one"].value == 0.001
    assert row("memory", far).cells["one"].value is None


def test_figures_of_other_data_are_not_held_against_each_other() -> None:
    hits = [trial("request", seed=seed) for seed in range(8)]
    same = row("use-case fit", subject(trials=hits), subject("two", trials=hits))
    assert [one.way for one in same.contrasts] == ["pairs", "pairs"]
    assert row("use-case fit", subject(trials=hits), subject("two", trials=hits[:7])).findings == []


def test_figures_of_evaluations_on_the_same_questions_are_paired() -> None:
    asked = [f"question {number}" for number in range(8)]
    found = [
        subject(name, evaluation=evaluation(
            figure("instructions_followed", value, 0, 1, items=by_item(asked, [value] * 8, seed=0)), name=name))
        for name, value in (("one", 1.0), ("two", 0.0))
    ]  # fmt: skip
    (contrast,) = row("instruction handling", *found).contrasts
    assert (contrast.way, contrast.pairs, contrast.p, contrast.differ) == ("pairs", 8, 2 / 256, True)
    assert by_item(["twice", "twice"], [1, 2], 0) == {}


def test_seconds_are_paired_where_the_same_was_asked_with_the_same_seeds() -> None:
    quick = [trial(seed=seed, seconds=1.0 + seed) for seed in range(6)]
    slow = [trial(seed=seed, seconds=1.1 + seed) for seed in range(6)]
    found = row("seconds", subject(trials=quick), subject("two", trials=slow))
    assert found.contrasts[0].way == "pairs"
    assert found.contrasts[0].differ
    others = [one.model_copy(update={"prompt": "something else"}) for one in slow]
    assert row("seconds", subject(trials=quick), subject("two", trials=others)).contrasts[0].way == "intervals"


def test_a_share_of_few_is_never_sure() -> None:
    assert share("", [True, True]).interval == (pytest.approx(0.342, abs=1e-3), 1.0)


def test_quality_is_the_mean_place_between_baseline_and_floor() -> None:
    lower = figure("kid", 0.25, 0.0, 0.5, floor=0.0, baseline=1.0, direction="lower")
    placed = quality([figure("precision", 0.5, 0.25, 1.5), lower, figure("c_t", 3, 2, 4, direction="none"),
                      figure("flat", 0.99, 0.9, 1, floor=1.0, baseline=0.99)])  # fmt: skip
    assert placed == (0.625, (0.375, 1.0), 2)
    assert quality([]) is None


def test_the_frontier_holds_whom_nobody_beats_in_both() -> None:
    def placed(name: str, value: float, cost: float) -> Subject:
        found = evaluation(figure("precision", value, value, value), name=name)
        return subject(name, "image", [trial(cpu_seconds=cost)], evaluation=found)

    found, left = points([placed("cheap", 0.4, 1), placed("good", 0.9, 10), placed("bad", 0.3, 5), subject("none")])
    assert {point.model: point.frontier for point in found} == {"cheap": True, "good": True, "bad": False}
    assert left == {"none": "none was made"}
