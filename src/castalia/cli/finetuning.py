"""castalia finetune"""

from pathlib import Path

import click

from castalia.cli.house import opened_house
from castalia.cli.output import ProgressView, print_json
from castalia.cli.training import TrainingView
from castalia.core.errors import BadRequest
from castalia.core.events import ModelReady
from castalia.serving.finetune import finetune as finetune_plan
from castalia.serving.finetune import latest_unfinished, plan_finetuning, resume
from castalia.serving.following import outcome


@click.command(help="Teach a language model a style or a format from examples.")
@click.argument("model", required=False)
@click.argument("data", required=False, type=click.Path(path_type=Path))
@click.option("-n", "--name", help="Name of the adapter; from the file when left out.")
@click.option("--minutes", type=float, help="Time budget; 10 when left out.")
@click.option("--steps", "max_steps", type=int, help="Stop after so many steps instead.")
@click.option("--epochs", type=float, help="Most passes over the examples; 10 when left out.")
@click.option("--rank", type=int, help="Rank of the adapter's matrices; 16 when left out.")
@click.option("--alpha", type=float, help="The adapter is weighed by alpha / rank; twice the rank when left out.")
@click.option("--rate", type=float, help="Learning rate; 0.001 when left out.")
@click.option("--batch-tokens", type=int, help="Tokens of a step, about; 1024 when left out.")
@click.option("--length", type=int, help="Most tokens of an example; 1024 when left out.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of split, order and first weights.")
@click.option("--threads", type=int, help="CPU threads; one or all, whichever is faster, when left out.")
@click.option("--licence", default="", help="Licence of the examples, kept on the adapter's card.")
@click.option("--resume", "resumed", metavar="RUN", help="Go on with a stopped or killed run; 'latest' for the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print the adapter as one JSON object.")
def finetune(
    model: str | None,
    data: Path | None,
    name: str | None,
    resumed: str | None,
    as_json: bool,
    **wishes: object,
) -> None:
    """DATA is a .jsonl file of conversations, instructions or texts, or a .txt file; all its problems come at once."""
    if (data is None) == (resumed is None):
        raise BadRequest(
            "Give a model and a file of examples, or --resume RUN.", hint="castalia finetune smollm2 examples.jsonl"
        )
    with opened_house() as house:
        if resumed is not None:
            events = resume(house, latest_unfinished(house) if resumed == "latest" else resumed)
        else:
            plan, notes = plan_finetuning(house, str(model), str(data), name=name, **wishes)
            view = ProgressView(silent=as_json)
            for note in notes:
                view.say(f"note: {note}")
            view.say(f"fine-tuning {plan.base} as {plan.name}")
            events = finetune_plan(house, plan)
        with TrainingView(silent=as_json) as view:
            made = outcome(events, ModelReady, view.show).model
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    click.echo(made.name)
    for figure, value in made.figures.items():
        click.echo(f"  {figure}: {value:.4g}", err=True)
    click.echo(f'castalia ask "..." --model {made.name} uses it; castalia show {made.name} tells more.', err=True)
