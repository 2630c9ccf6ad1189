"""castalia serve"""

import socket

import click

from castalia.cli.house import loaded_settings
from castalia.core.errors import Conflict, MissingExtra
from castalia.serving.house import House


@click.command(help="Serve OpenAI's HTTP API.")
@click.option("--host", help="Address to listen on; from the settings when left out.")
@click.option("--port", type=int, help="Port to listen on; 0 picks a free one.")
@click.option("--no-auth", is_flag=True, help="Ask for no key: only on loopback.")
@click.option(
    "--log-level", type=click.Choice(["error", "warning", "info", "debug"]), default="warning", show_default=True
)
def serve(host: str | None, port: int | None, no_auth: bool, log_level: str) -> None:
    """Runs until Ctrl-C. Existing OpenAI clients work: set their base URL to this one and /v1."""
    try:
        import uvicorn

        from castalia.server.app import create_app
        from castalia.server.http.auth import KEY_FILE, check_exposure, server_key
    except ModuleNotFoundError as error:
        raise MissingExtra(f"The server needs {error.name}.", hint="pip install 'castalia[server]'") from None

    settings = loaded_settings().settings
    host = host or settings.server.host
    port = settings.server.port if port is None else port
    check_exposure(host, no_auth=no_auth)
    with House(settings) as house:
        key = None if no_auth else server_key(settings.server, house.home)
        listener = _listen(host, port)
        address = f"http://{host}:{listener.getsockname()[1]}"
        click.echo(f"Castalia listens on {address}", err=True)
        if key is not None and settings.server.api_key is None:
            click.echo(f"The API key is in {house.home / KEY_FILE}", err=True)
        models = house.registry.list()
        click.echo(f"{len(models)} models; documentation of the API at {address}/docs", err=True)
        config = uvicorn.Config(create_app(house, key=key), log_level=log_level, timeout_graceful_shutdown=5)
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Conflict(
            f"{host}:{port} cannot be listened on: {error.strerror}.",
            hint="Choose another --port, or --port 0 for a free one.",
        ) from None
    return listener
