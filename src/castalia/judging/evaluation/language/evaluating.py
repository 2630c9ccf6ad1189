"""Evaluating a language model that answers."""

from castalia.core.errors import BadRequest
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.figures import Evaluation, Figure
from castalia.judging.evaluation.language import asking, likelihood
from castalia.judging.evaluation.language.material import packaged, supplied


def evaluate(bench: Bench) -> Evaluation:
    """Likelihood, coherence, facts, instructions, sources, repetition, readability, self-consistency.

    ``--samples`` bounds each kind of question. Raises BadRequest for data that cannot be read.
    """
    plan = bench.plan
    if plan.data is not None and not plan.data.exists():
        raise BadRequest(f"There is no {plan.data}.", hint="Check the path after --data.")
    material = packaged() if plan.data is None else supplied(plan.data)
    if plan.samples is not None:
        material.passages = material.passages[: plan.samples]
        material.facts, material.sourced = material.facts[: plan.samples], material.sourced[: plan.samples]
    found = Evaluation(
        model=plan.model.name,
        modality="text",
        seed=plan.seed,
        samples=0,
        data={
            "source": material.origin,
            "passages": len(material.passages),
            "facts": len(material.facts),
            "questions_about_texts": len(material.sourced),
        },
        baseline="told with each figure",
    )
    scored = likelihood.of_engine(bench)
    found.figures += _likely(scored, material.passages, plan.seed, plan.engine)
    figures, curves, examples = asking.facts(bench, material, plan.seed)
    found.figures, found.curves, found.examples = found.figures + figures, curves, examples
    for figures, examples in (
        asking.obedience(bench, plan.seed),
        asking.sources(bench, material.sourced, plan.seed),
        asking.writing(bench, material, plan.seed),
        asking.consistency(bench, material, plan.seed),
    ):
        found.figures += figures
        found.examples += examples
    found.samples = len(found.examples)
    return found


def _likely(scored: likelihood.Likelihood | None, passages: list[str], seed: int, engine: str) -> list[Figure]:
    if scored is None:
        note = f"The engine {engine} tells no likelihood of given text."
        return [
            Figure(
                name="bits_per_byte", axis="language", value=None, unit="bits per byte", direction="lower", note=note
            ),
            Figure(name="coherence", axis="language", value=None, unit="share", direction="higher", note=note),
        ]
    about = "-log2 of the likelihood of texts over their bytes; the baseline is zlib. A floor is not known."
    ordered = likelihood.coherence(passages, scored, seed)
    return [likelihood.bits_per_byte(passages, scored, about), *([] if ordered is None else [ordered])]
