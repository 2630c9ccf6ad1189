"""What an answer in text says of what is no text, and where that is."""

from castalia.core.results import PLAN, Result, Step


def output_url(base: str, id: str, number: int) -> str:
    """Where an output can be fetched."""
    return f"{base.rstrip('/')}/v1/results/{id}/outputs/{number}"


def step_text(step: Step) -> str:
    """What closes a step in a chat: a gap behind its text, or why there is nothing."""
    if step.state == "done":
        return "\n\n" if step.modality == "text" else ""
    return f"[{step.name} {step.state}: {step.why}]\n\n"


def media_text(result: Result, base: str) -> str:
    """Links to the media that a result made, and to the document of a plan."""
    links = [
        f"{'!' if part.type == 'image' else ''}[{part.type}]({output_url(base, result.id, number)})"
        for number, part in enumerate(result.outputs)
        if part.path is not None
    ]
    if result.choice.modality == PLAN:
        links.append(f"[document]({base.rstrip('/')}/v1/plans/{result.id}/document)")
    return "\n".join(links)


def answer_text(result: Result, base: str) -> str:
    """A whole answer as text: what was written, what is missing of a plan, links to media."""
    missing = "".join(step_text(step) for step in result.choice.steps if step.state != "done")
    return "\n".join(piece for piece in (result.text, missing.strip(), media_text(result, base)) if piece)
