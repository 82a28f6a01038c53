"""What a reconciliation is asked for."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from glob import has_magic
from typing import Any, Union, cast

from openmonetize._arguments import described
from openmonetize._schema.time_range import TimeRange, ranged
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.files.objects import is_remote
from openmonetize.files.sources import STANDARD_INPUT
from openmonetize.reconcile.result import BY

FilePath = Union[str, "os.PathLike[str]"]
Sources = Union[FilePath, Iterable[FilePath], None]

DEFAULT_LENGTH = "1d"


def by_of(by: Iterable[str] | str) -> list[str]:
    """Return what rows are grouped by."""
    if not isinstance(by, Iterable):
        raise ApiTypeError(f"by must be some of {', '.join(BY)}, not {described(by)}")
    chosen = [name.strip() for name in by.split(",")] if isinstance(by, str) else list(by)
    unknown = [name for name in chosen if name not in BY]
    if unknown or not chosen:
        raise ApiValueError(f"by must be some of {', '.join(BY)}, not {by!r}")
    return [name for name in BY if name in chosen]


def tolerance_of(tolerance: Any) -> Decimal:
    """Return the tolerance in US dollars."""
    try:
        found = Decimal(str(tolerance))
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(tolerance, bool) or not found.is_finite() or found < 0:
        raise ApiValueError(f"tolerance must be an amount of US dollars, such as 0.01, not {tolerance!r}")
    return found


def days_of(last: Any, start_date: Any, end_date: Any) -> tuple[TimeRange, date, date]:
    """Return the range, widened to whole days (UTC): providers report no parts of them."""
    if last is None and start_date is None:
        last = DEFAULT_LENGTH
    _, asked = ranged({"start_date": start_date, "end_date": end_date, "last": last}, ("start_date", "end_date"))
    assert asked is not None
    end = asked.end or datetime.now(timezone.utc)
    start = asked.start or end
    first, final = start.date(), end.date()
    whole = TimeRange(
        datetime(first.year, first.month, first.day, tzinfo=timezone.utc),
        datetime(final.year, final.month, final.day, tzinfo=timezone.utc) + timedelta(days=1, milliseconds=-1),
    )
    return whole, first, final


def sources_of(provider: Sources, known: Container[str]) -> tuple[list[str], list[FilePath]]:
    """Return which of the known reports to ask for, each once, and the files."""
    if provider is None:
        return [], []
    single = isinstance(provider, (str, os.PathLike)) or not isinstance(provider, Iterable)
    reports: dict[str, None] = {}
    files: list[FilePath] = []
    for source in [provider] if single else cast(Iterable[Any], provider):
        if not isinstance(source, (str, os.PathLike)):
            raise ApiTypeError(
                f"provider must be 'openai', 'anthropic' or the path of an exported file, not {described(source)}"
            )
        name = str(os.fspath(source))
        if name.lower() in known:
            reports[name.lower()] = None
        elif name.lower() in ("google", "mistral", "cohere", "bedrock", "azure"):
            raise ApiValueError(f"{name} has no report that can be asked for: give the path of an exported file")
        elif name == STANDARD_INPUT or not (os.path.exists(name) or has_magic(name) or is_remote(name)):
            raise ApiValueError(
                f"there is no file {name or repr(name)}: a provider is 'openai', 'anthropic', or an exported file"
            )
        else:
            files.append(source)
    return list(reports), files
