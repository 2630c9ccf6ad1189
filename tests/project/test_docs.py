"""The documents are held against the code: commands, settings, errors, endpoints, engines, links, the file tree."""

import re
from pathlib import Path

import pytest

from castalia.cli.main import COMMANDS
from castalia.core.config import setting_names, variable_of
from castalia.core.errors import error_types
from castalia.core.plugins import engines, families, modalities

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_command_is_in_the_command_page() -> None:
    text = page("docs/commands.md")
    assert [name for name in COMMANDS if f"## castalia {name}" not in text] == []


def test_every_option_of_every_command_is_in_the_command_page() -> None:
    import click

    from castalia.cli.main import cli

    text = page("docs/commands.md")
    context = click.Context(cli)
    missing: list[str] = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        section = text.split(f"## castalia {name}\n")[1].split("\n## ")[0]
        flags = [flag for parameter in command.params if isinstance(parameter, click.Option) for flag in parameter.opts]
        missing += [f"{name} {flag}" for flag in flags if flag.startswith("--") and f"`{flag}" not in section]
    assert missing == []


def test_summaries_of_the_lazy_table_are_those_of_the_commands() -> None:
    import click

    from castalia.cli.main import cli

    for name, (_, summary) in COMMANDS.items():
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert (command.help or "").startswith(summary.split(":")[0].rstrip("."))


def test_every_setting_is_in_the_configuration_page() -> None:
    text = page("docs/configuration.md")
    assert [name for name in setting_names() if f"`{name}`" not in text or variable_of(name) not in text] == []


def test_every_error_is_in_the_error_page() -> None:
    text = page("docs/errors.md")
    assert [code for code in error_types() if f"`{code}`" not in text] == []


def test_every_endpoint_is_in_the_http_page() -> None:
    from castalia.core.config import Settings
    from castalia.server.app import create_app
    from castalia.serving.house import House

    text = page("docs/http.md")
    routes = create_app(House(Settings()), key="k").openapi()["paths"]
    named = [f"{method.upper()} {path}" for path, methods in routes.items() for method in methods]
    assert [route for route in named if f"`{route}`" not in text] == []


def test_every_plugin_is_in_the_design_page() -> None:
    text = page("docs/design.md")
    names = [*engines().specs(), *families().specs(), *modalities().specs()]
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_readme_shows_the_folders_there_are() -> None:
    text = page("README.md")
    folders = [path.name for path in (ROOT / "src" / "castalia").iterdir() if (path / "__init__.py").exists()]
    assert [name for name in folders if f"{name}/" not in text] == []
