"""`filmgate serve`: the command that starts a server, and its options."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from filmgate.endpoint import LOOPBACK, Endpoint
from filmgate.errors import FilmgateError
from filmgate_server.config import ANY_PORT, NO_PORT, ServerConfig, load_server_config
from filmgate_server.operations.logs import configure_logs
from filmgate_server.supervisor import Supervisor

EXIT_FAILED = 70
_HELP = """Run a Filmgate server on this machine until Ctrl-C or SIGTERM.

The first signal lets accepted work finish, a second stops at once. Each option is also a variable,
FILMGATE_SERVER_ and its name in capitals, and a line of the settings file."""
_STDIN_FD = 0
_EMBEDDED = {"port": ANY_PORT, "http_port": NO_PORT}
_OWN = {"host": LOOPBACK, "authorized": None, "server_key": None}
"""Whoever starts a server for himself needs no key; what the site's file says is for its server."""


def command() -> typer.Typer:
    """Return `serve` for the `filmgate` command, which finds it by its entry point."""

    def serve(config: Path | None, embedded: bool, **given: Any) -> None:
        if embedded:
            _serve_embedded(given, config)
        else:
            _serve(load_server_config(given, config))

    vars(serve)["__signature__"] = inspect.Signature(_options())
    app = typer.Typer()
    app.command("serve", help=_HELP)(serve)
    return app


def main() -> None:
    """Run `python -m filmgate_server serve`."""
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.callback(help="The Filmgate server.")(lambda: None)
    app.add_typer(command())
    try:
        app()
    except FilmgateError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_FAILED)


def _serve(config: ServerConfig) -> None:
    configure_logs(config.log_level, config.log_json)
    Supervisor(config, lambda endpoint: _say_ready(endpoint, config)).run()


def _serve_embedded(given: dict[str, Any], file: Path | None) -> None:
    """Serve one client, which holds our stdin open and reads one line from our stdout."""
    try:
        config = load_server_config({**_EMBEDDED, **_told(given)}, file)
        config = config.model_copy(update=_OWN)
        configure_logs(config.log_level, config.log_json)
        Supervisor(config, _report_ready, _STDIN_FD).run()
    except FilmgateError as error:
        report = {"code": error.code, "text": error.text, "remedy": error.remedy}
        _write_line({"error": report})
        sys.exit(EXIT_FAILED)


def _told(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _say_ready(endpoint: Endpoint, config: ServerConfig) -> None:
    whom = "whoever has a key" if config.authorized else "this user"
    address = f"tcp://{config.host}:{endpoint.port}"
    sys.stderr.write(f"Filmgate serves {whom} at {address}. Ctrl-C stops it.\n")


def _report_ready(endpoint: Endpoint) -> None:
    _write_line({"port": endpoint.port, "token": endpoint.token})


def _write_line(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _options() -> list[inspect.Parameter]:
    """List the command's options: one for each field of `ServerConfig`, and two of its own."""
    embedded = "Serve the process that started us, on any port, and end with it."
    return [
        _option("config", Path | None, "A TOML file with the settings."),
        _option("embedded", bool, embedded, default=False),
        *(
            _option(name, _kind(field) | None, field.description or "")
            for name, field in ServerConfig.model_fields.items()
        ),
    ]


def _kind(field: FieldInfo) -> type:
    """Return what typer should parse: switches; everything else is text that the model checks."""
    return bool if field.annotation is bool else str


def _option(name: str, kind: Any, text: str, default: Any = None) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(help=text, show_default=False)]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
