"""Options that several commands have, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import wraps
from typing import TYPE_CHECKING, Any, Optional

import click

from openmonetize._http.redaction import Secret
from openmonetize._schema.time_range import TimeRange, instant, length_of
from openmonetize._stores.opening import named_place
from openmonetize.cli import exit_codes
from openmonetize.cli.session import Session
from openmonetize.cli.tables import FORMS, Output
from openmonetize.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType  # generic since click 8.4

F = Callable[..., Any]

_DEFAULT_LAST = "30d"
MAX_ROWS = 10**9  # of --limit
_COMMON = "Options of every command"


class ReaderGone(Exception):
    """Whoever read the output has seen enough."""


class Command(click.Command):
    """A command with the options that every command has. It is called with the `Session` first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        add_common_options(self)

    def invoke(self, ctx: click.Context) -> Any:
        session = ctx.find_object(Session)
        assert session is not None
        session.command_path = ctx.command_path
        ctx.params["session"] = session
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would make a failure of it
            raise ReaderGone from None
        except KeyboardInterrupt:
            raise click.Abort from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_options(self, ctx, formatter)


class Group(click.Group):
    """A group that shows its help if no command is named, and what a misspelt one may have been meant to be."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not self.invoke_without_command and not ctx.resilient_parsing:
            click.echo(ctx.get_help())  # click makes an error of it, which is one line here
            ctx.exit(exit_codes.USAGE)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[Optional[str], Optional[click.Command], list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not close:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}: did you mean {close[0]}?", ctx) from None


class WholeNumber(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"


def add_common_options(command: click.Command) -> None:
    """Add the options that every command has."""
    command.params += [
        click.Option(
            ["--profile"],
            metavar="NAME",
            expose_value=False,
            callback=_keep("profile"),
            shell_complete=lambda ctx, param, incomplete: _profile_names(incomplete),
            help="Account from the configuration file.",
        ),
        click.Option(
            ["--base-url"], metavar="URL", expose_value=False, callback=_keep("base_url"), help="The platform's URL."
        ),
        click.Option(
            ["--unsafe-api-key"],
            metavar="KEY",
            expose_value=False,
            callback=_keep("key", Secret),
            help="API key. Other users of this machine see it, and the shell remembers it.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_keep("debug"),
            help="Show tracebacks, and log requests.",
        ),
    ]


_COMMON_NAMES = ("profile", "base_url", "unsafe_api_key", "debug", "help", "version")


def write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write the command's own options, and then those that every command has."""
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    records = [(param.name in _COMMON_NAMES, param.get_help_record(ctx)) for param in options]
    for common, title in ((False, "Options"), (True, _COMMON)):
        lines = [record for is_common, record in records if record is not None and is_common is common]
        if lines:
            with formatter.section(title):
                formatter.write_dl(lines)


def _keep(name: str, convert: Callable[[Any], Any] = lambda value: value) -> Callable[..., None]:
    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        session = ctx.find_object(Session)
        if value and session is not None:
            setattr(session, name, convert(value))

    return callback


def _profile_names(incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    from openmonetize.cli import profiles

    try:
        return [CompletionItem(name) for name in profiles.names() if name.startswith(incomplete)]
    except Exception:  # a completion has nowhere to tell of errors
        return []


# Output


def output(*, plot: bool = False) -> Callable[[F], F]:
    """Add ``--json``, ``--csv`` and possibly ``--plot``; the function gets an `Output` as ``out``."""
    forms = [form for form in FORMS if plot or form != "plot"]

    def decorate(function: F) -> F:
        @wraps(function)
        def with_output(*args: Any, **kwargs: Any) -> Any:
            chosen = [form for form in forms if kwargs.pop(form)]
            if len(chosen) > 1:
                raise click.UsageError(
                    f"--{chosen[0]} and --{chosen[1]} exclude each other", click.get_current_context()
                )
            return function(*args, out=Output(chosen[0] if chosen else None), **kwargs)

        decorated: F = with_output
        for form in reversed(forms):
            decorated = click.option(f"--{form}", form, is_flag=True, help=FORMS[form])(decorated)
        return decorated

    return decorate


# Ranges


class Moment(_Type):
    """A day or a time."""

    name = "day"

    def __init__(self, *, end: bool = False) -> None:
        self._end = end

    def convert(self, value: Any, param: Optional[click.Parameter], ctx: Optional[click.Context]) -> Any:
        try:
            return value if isinstance(value, datetime) else instant("it", value, at_end=self._end)
        except (ApiTypeError, ApiValueError):
            text = f"{value!r} is not a day such as 2026-11-01, nor a time such as 2026-11-01T12:00:00Z"
            return self.fail(text, param, ctx)


class Last(_Type):
    """A length of time."""

    name = "length"

    def convert(self, value: Any, param: Optional[click.Parameter], ctx: Optional[click.Context]) -> Any:
        try:
            return length_of(value)
        except (ApiTypeError, ApiValueError) as error:
            return self.fail(str(error), param, ctx)


def before(end: datetime, length: timedelta) -> datetime:
    """Return the time that is so long before another."""
    try:
        return end - length
    except OverflowError:
        raise click.UsageError("the range begins before the year 1", click.get_current_context()) from None


def time_range(function: F) -> F:
    """Add ``--last``, ``--from`` and ``--to``; the function gets a `TimeRange` as ``span``, of 30 days by default."""

    @wraps(function)
    def with_range(
        *args: Any, last: timedelta | None, start: datetime | None, end: datetime | None, **kwargs: Any
    ) -> Any:
        if last is not None and start is not None:
            raise click.UsageError("--last and --from exclude each other", click.get_current_context())
        until = datetime.now(timezone.utc) if end is None else end
        since = before(until, last or length_of(_DEFAULT_LAST)) if start is None else start
        span = TimeRange(since, until)
        if since > until:
            raise click.UsageError(f"the range ends before it begins: {span}", click.get_current_context())
        return function(*args, span=span, **kwargs)

    decorated: F = with_range
    for add in (
        click.option("--to", "end", type=Moment(end=True), metavar="DAY", help="End, that day included. Default: now."),
        click.option(
            "--from", "start", type=Moment(), metavar="DAY", help="Begin: a day such as 2026-11-01, or a time."
        ),
        click.option("--last", type=Last(), metavar="LENGTH", help=f"Such as 30d, 12h, 2w. Default: {_DEFAULT_LAST}."),
    ):
        decorated = add(decorated)
    return decorated


# Outboxes


class OutboxPlace(_Type):
    """The directory of an outbox or the URL of its database, hidden: a URL may have a password."""

    name = "outbox"

    def convert(self, value: Any, param: Optional[click.Parameter], ctx: Optional[click.Context]) -> Any:
        try:
            return named_place("it", value, redis=False)
        except ApiValueError as error:
            return self.fail(str(error), param, ctx)


# Rows


def row_limit(default: int = 20) -> Callable[[F], F]:
    """Add ``--limit`` and ``--all``; the function gets the most rows as ``limit``, None for all."""

    def decorate(function: F) -> F:
        @wraps(function)
        def with_limit(*args: Any, limit: int, everything: bool, **kwargs: Any) -> Any:
            return function(*args, limit=None if everything else limit, **kwargs)

        decorated: F = click.option("--all", "everything", is_flag=True, help="Show all rows.")(with_limit)
        return click.option(
            "--limit",
            type=WholeNumber(1, MAX_ROWS),
            default=default,
            show_default=True,
            metavar="N",
            help="Rows to show.",
        )(decorated)

    return decorate


def use_options(function: F) -> F:
    """Add the options that say what is used: model, tokens and so on. None is what was not given."""
    for add in reversed(
        (
            click.option("--provider", metavar="NAME", help="The model's vendor: openai, anthropic, ..."),
            click.option("--model", metavar="NAME", help="The model."),
            click.option("--input-tokens", type=WholeNumber(0), metavar="N", help="Tokens read."),
            click.option("--output-tokens", type=WholeNumber(0), metavar="N", help="Tokens written."),
            click.option("--image-count", type=WholeNumber(1), metavar="N", help="Images."),
            click.option("--seconds", type=float, metavar="S", help="Length of a video."),
        )
    ):
        function = add(function)
    return function
