"""castalia doctor, castalia config"""

import click
from pydantic import SecretStr

from castalia.cli.house import loaded_settings, opened_house
from castalia.cli.output import print_json
from castalia.core.config import setting_names, variable_of
from castalia.serving.doctor import examine

SIGNS = {"good": "ok", "note": "note", "bad": "PROBLEM"}


@click.command(help="Look for problems of the installation and say how to mend them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Leaves with 1 when something is broken."""
    with opened_house() as house:
        findings = examine(house)
    if as_json:
        print_json([finding.model_dump() for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{SIGNS[finding.state]:8} {finding.subject}: {finding.text}")
            if finding.hint:
                click.echo(f"         {finding.hint}")
    if any(finding.state == "bad" for finding in findings):
        context.exit(1)


@click.group(help="Show all settings and where each value comes from.", invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """Without a further word, the same as ``config show``."""
    if context.invoked_subcommand is None:
        context.invoke(show, as_json=False)


@config.command(help="Every setting, its value and its origin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Secrets are shown as stars."""
    loaded = loaded_settings()
    rows: dict[str, dict[str, object]] = {}
    for name, description in setting_names().items():
        value: object = loaded.settings
        for piece in name.split("."):
            value = getattr(value, piece)
        shown = str(value) if isinstance(value, SecretStr) else value
        origin = loaded.origins[name]
        rows[name] = {"value": shown, "origin": origin, "variable": variable_of(name), "description": description}
    if as_json:
        print_json(rows)
        return
    for name, row in rows.items():
        click.echo(f"{name} = {row['value']}  ({row['origin']})")
        click.echo(f"    {row['description']} {row['variable']}")
