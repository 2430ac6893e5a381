"""Options as dataclasses: what a command takes is declared once and handed on as one value."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from filmgate.cli.terminal import say
from filmgate.config import SETTING_NAMES, Config, load_config
from filmgate.exits import EXIT_INTERRUPTED

WAIT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command takes."""

    debug: Annotated[bool, typer.Option("--debug", help="Show where an error was raised.")] = False


@dataclass(frozen=True, kw_only=True)
class SiteOptions(Options):
    """Which server, and as whom; each may also be set in a file or the environment."""

    server: Annotated[
        str, typer.Option(help="The server's address, tcp://HOST:PORT.", show_default=False)
    ] = ""
    show: Annotated[str, typer.Option(help="The show that this belongs to.")] = ""
    user: Annotated[str, typer.Option(help="Who asks; else your login name.")] = ""
    key: Annotated[str, typer.Option(help="The file with your key.")] = ""
    gateway_key: Annotated[str, typer.Option(help="The file with the server's public key.")] = ""
    handoff: Annotated[
        str, typer.Option(help="Use shared memory on the server's machine: on or off.")
    ] = ""

    def config(self) -> Config:
        """Settle the settings.

        Raises:
            ConfigError: one of them cannot be used.
        """
        names = {field.name for field in fields(SiteOptions)} & set(SETTING_NAMES)
        return load_config({name: getattr(self, name) for name in names})


@dataclass(frozen=True, kw_only=True)
class ServerOptions(SiteOptions):
    """How to come by a server."""

    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start a server for this command alone.")
    ] = False
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a server that does not answer.")
    ] = WAIT_S


@dataclass(frozen=True, kw_only=True)
class JsonOption(Options):
    """For scripts."""

    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for scripts.")] = False


_O = TypeVar("_O", bound=Options)


def as_command(kind: type[_O], run: Callable[[_O], int]) -> Callable[..., None]:
    """Return *run* as typer takes a command.

    Args:
        kind: a dataclass; each field is an argument or an option, annotated as typer wants it.
        run: returns the exit code; its docstring is the command's help.
    """

    def command(**given: Any) -> None:
        options = kind(**given)
        try:
            code = run(options)
        except KeyboardInterrupt:
            say("Interrupted.")
            code = EXIT_INTERRUPTED
        except Exception:  # shown, then judged by the last boundary
            if options.debug:
                traceback.print_exc()
            raise
        raise typer.Exit(code)

    hints = get_type_hints(kind, include_extras=True)
    parameters = [_parameter(field, hints[field.name]) for field in fields(kind)]
    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__doc__ = _unwrapped(run)
    return command


def _unwrapped(run: Callable[..., object]) -> str:
    """Return the docstring with each paragraph on one line: the terminal breaks lines itself."""
    paragraphs = (inspect.getdoc(run) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _parameter(field: Field[Any], annotation: Any) -> inspect.Parameter:
    default: Any = inspect.Parameter.empty
    if field.default_factory is not MISSING:
        default = field.default_factory()
    elif field.default is not MISSING:
        default = field.default
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
