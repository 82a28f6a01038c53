"""Providers' usage and costs from their exported files, by the presets for usage files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from datetime import date
from typing import Any

from openmonetize.exceptions import ApiValueError
from openmonetize.files.mapping import RowMapping, RowRefused
from openmonetize.files.presets import PRESETS
from openmonetize.files.reading import RowFile
from openmonetize.files.row import Row
from openmonetize.files.sources import FilePath, Source, find_sources
from openmonetize.notebook.values import counted
from openmonetize.providers import otel
from openmonetize.reconcile.kinds import OTHER, TOKEN_KINDS, is_batch, kinds_of
from openmonetize.reconcile.statement import Place, Statement
from openmonetize.reconcile.values import amount, check_currency, count, day_of_text

# What files without a preset call their columns.
_COLUMNS = {
    "timestamp": "timestamp or date or day or start_time",
    f"metadata.{otel.CACHE_READ}": "cache_read_tokens",
    f"metadata.{otel.CACHE_WRITE}": "cache_write_tokens",
    f"metadata.{otel.BATCH}": "batch",
}
# The amount in US dollars: of files without a preset, LiteLLM's, OpenRouter's, Langfuse's.
_AMOUNTS = ("cost_usd", "usd", "amount_usd", "cost", "spend", "usage", "cost_total", "total_cost")
_REQUESTS = ("requests", "num_model_requests")
_PLACES = 15  # decimal places of a part of an amount, so that sums of parts are exact
# What becomes of a row.
ADDED, WITHOUT_USAGE, OF_OTHER_DAYS = "added", "without usage", "of other days"
# A preset is chosen by columns that only its files have.
_TYPICAL = {
    "openai-usage": ("num_model_requests", "input_cached_tokens"),
    "anthropic-usage": ("uncached_input_tokens", "usage_input_tokens_no_cache"),
    "litellm-spend-logs": ("custom_llm_provider",),
    "openrouter-activity": ("model_permaslug",),
    "langfuse-export": ("provided_model_name", "providedModelName"),
}


def read(statement: Statement, paths: Iterable[FilePath], preset: str | None, first: date, last: date) -> list[str]:
    """Add the rows of files that are of these days (UTC), both included.

    Args:
        statement: takes them.
        paths: paths or patterns.
        preset: the columns of a well-known file; by default the one that the first row looks like, else columns
            ``date``, ``provider``, ``model``, ``input_tokens``, ``output_tokens``, ``cache_read_tokens``,
            ``cache_write_tokens``, ``batch``, ``cost_usd`` and ``requests``.
        first: the first day.
        last: the last day.

    Returns:
        Sentences on rows that were left out.

    Raises:
        ApiValueError: there is no such file or preset, a row cannot be read, or a file has no usage.
        FilesError: a file cannot be read.
    """
    notes = []
    for source in find_sources(paths):
        chosen = preset or _preset_of_file(source)
        mapping = mapping_of(chosen)
        rows: Counter[str] = Counter()
        for row in RowFile(source, None, mapping.records):
            try:
                rows[add_row(statement, mapping, row, first, last)] += 1
            except ApiValueError as error:
                raise ApiValueError(f"{source.name}, row {row.number}: {error}") from None
        notes += notes_on(source.name, chosen, rows)
    return notes


def notes_on(name: str, preset: str | None, rows: Counter[str]) -> list[str]:
    """Return sentences on rows that were left out.

    Args:
        name: of the report.
        preset: by which it was read.
        rows: how many were added, and how many were not, by the reason.

    Raises:
        ApiValueError: no row has any usage.
    """
    if not rows[ADDED] + rows[OF_OTHER_DAYS]:
        raise ApiValueError(f"{name} has no row of usage that can be read as {preset or 'a usage file'}")
    return [f"{name}: {counted(rows[why], 'row')} {why}" for why in (WITHOUT_USAGE, OF_OTHER_DAYS) if rows[why]]


def mapping_of(preset: str | None) -> RowMapping:
    """Return what reads the rows of a report by a preset, or those of a plain one."""
    return RowMapping(_COLUMNS) if preset is None else RowMapping(preset=preset)


def preset_of(columns: Container[str]) -> str | None:
    """Return the preset that columns look like; None if there is none."""
    for name, typical in _TYPICAL.items():
        if any(column in columns for column in typical):
            assert name in PRESETS
            return name
    return None


def _preset_of_file(source: Source) -> str | None:
    for records in ((), ("data", "results"), ("data",)):
        for row in RowFile(source, None, records):
            found = preset_of(row.values)
            if found is not None:
                return found
            break
    return None


def add_row(statement: Statement, mapping: RowMapping, row: Row, first: date, last: date) -> str:
    """Add a row if it is of these days (UTC), both included.

    Returns:
        What became of it: `ADDED`, `WITHOUT_USAGE` or `OF_OTHER_DAYS`.

    Raises:
        ApiValueError: it cannot be read.
    """
    values = row.values
    try:
        if row.problem is not None:
            raise RowRefused(row.problem)
        if not mapping.applies_to(values):
            return WITHOUT_USAGE
        has_usage = True
        try:
            fields = mapping.fields(values)
        except RowRefused:
            # A charge without tokens, such as a row of searches.
            has_usage = False
            fields = dict(values)
        moment = fields.get("timestamp") or fields.get("date") or fields.get("day")
        if moment is None:
            raise RowRefused("has no date, in a column date, day or timestamp")
        day = day_of_text(moment)
        if not first <= day <= last:
            return OF_OTHER_DAYS
        provider = str(fields.get("provider") or "").upper()
        if not provider:
            raise RowRefused("names no provider")
        check_currency(values.get("currency"))
        place = statement.place(day, provider, fields.get("model"))
        return ADDED if _add_to(statement, place, fields if has_usage else {}, values) else WITHOUT_USAGE
    except RowRefused as error:
        raise ApiValueError(str(error)) from None


def _add_to(statement: Statement, place: Place, fields: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    named = next((values[name] for name in _AMOUNTS if values.get(name) not in (None, "")), None)
    metadata = fields.get("metadata") or {}
    counts = kinds_of(place.provider, count(fields, "input_tokens"), count(fields, "output_tokens"), metadata)
    statement.add_tokens(place, dict(zip(TOKEN_KINDS, counts)), batch=is_batch(metadata))
    for name in _REQUESTS:
        if name in values:
            statement.requests[place] += count(values, name)
            break
    if named is not None:
        _share(statement, place, counts, amount(named))
    return bool(any(counts) or named)


def _share(statement: Statement, place: Place, counts: tuple[int, ...], usd: Any) -> None:
    """Add an amount that is one sum for all kinds: divided as the list prices divide it, else by tokens."""
    weights = [
        number * (statement.list_price(place, kind) or 0) if number else 0 for kind, number in zip(TOKEN_KINDS, counts)
    ]
    if not any(weights):
        weights = list(counts)
    whole = sum(weights)
    if not whole:
        statement.add_usd(place, OTHER, usd)
        return
    rest = usd
    used = [index for index, weight in enumerate(weights) if weight]
    for index in used[:-1]:
        part = round(usd * weights[index] / whole, _PLACES)
        rest -= part
        statement.add_usd(place, TOKEN_KINDS[index], part)
    statement.add_usd(place, TOKEN_KINDS[used[-1]], rest)
