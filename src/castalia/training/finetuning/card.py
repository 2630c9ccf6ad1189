"""The card of an adapter: what it learnt, from what, under which licence, how well."""

from datetime import datetime

from castalia.training.artifact import card_page
from castalia.training.finetuning.plan import FinetunePlan


def card_of(
    plan: FinetunePlan,
    facts: dict[str, object],
    figures: dict[str, float],
    training: dict[str, object],
    created: datetime,
) -> dict[str, object]:
    """The card as data."""
    return {
        "name": plan.name,
        "description": f"{plan.base}, fine-tuned on {facts['examples']} examples of {plan.source.name}",
        "licence": plan.licence,
        "created": created.isoformat(timespec="seconds"),
        "base": plan.base,
        "data": {"source": plan.source.name, "licence": plan.licence or "not stated"} | facts,
        "recipe": {
            "method": "LoRA",
            "rank": plan.rank,
            "alpha": plan.scale,
            "rate": plan.rate,
            "minutes": plan.minutes,
            "max_steps": plan.max_steps,
            "epochs": plan.epochs,
            "length": plan.length,
            "seed": plan.seed,
            "training": {name: value for name, value in training.items() if name != "history"},
        },
        "history": training["history"],
        "figures": figures,
    }


def card_text(card: dict[str, object]) -> str:
    """The card for people, in Markdown."""
    made = f"An adapter (LoRA) of {card['base']}, trained by Castalia on {card['created']}. It needs its base to run."
    return card_page(card, made)
