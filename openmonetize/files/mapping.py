"""From a row to the fields of an event."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from openmonetize.events.providers import PROVIDERS
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.files.canonical import text_of_value
from openmonetize.files.errors import FilesError
from openmonetize.files.expressions import (
    Expression,
    compiled,
    missing_column,
    missing_in_template,
    number_of,
    template,
)
from openmonetize.files.presets import PRESETS, Preset
from openmonetize.files.times import event_time
from openmonetize.providers import otel

METADATA = "metadata."
_MAX_NAMES = 1000  # characters of the names of columns in an error
_TEXTS = ("event_type", "provider", "model", "image_size", "quality", "unit_type", "user_id", "feature_id")
_COUNTS = ("input_tokens", "output_tokens", "image_count", "quantity")
FIELDS = (*_TEXTS, *_COUNTS, "timestamp")
_COUNTS_OF = {
    "TOKEN_USAGE": ("input_tokens", "output_tokens"),
    "IMAGE_GENERATION": ("image_count",),
    "CUSTOM": ("quantity",),
}
_OF_KIND = {
    "TOKEN_USAGE": ("input_tokens", "output_tokens", "provider", "model"),
    "IMAGE_GENERATION": ("image_count", "image_size", "quality", "provider", "model"),
    "CUSTOM": ("quantity", "unit_type"),
    "API_CALL": ("provider", "model"),
}
_OF_ALL = ("user_id", "feature_id", "timestamp")
_NO_USAGE = f"has no usage: none of {', '.join(_COUNTS)}; map them, such as --map input_tokens=COLUMN"


class RowRefused(Exception):
    """A row cannot become an event; the text says why. It does not leave this package."""


class RowMapping:
    """Computes the fields of an event from a row.

    What is not mapped comes from a column with the field's own name, unless a preset is used.

    Args:
        columns: by field, the expression that gives it. ``metadata.NAME`` is a fact to keep with the event.
        constants: by field, its value, see `expressions.template`. They come before columns.
        preset: the name of one of `PRESETS`.
        providers: the platform's name of a provider by the file's.

    Raises:
        ApiTypeError, ApiValueError: a field or preset does not exist, or an expression cannot be read.
    """

    def __init__(
        self,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, Any] | None = None,
        preset: str | None = None,
        providers: Mapping[str, str] | None = None,
    ) -> None:
        known = _preset(preset)
        self.records, self._only, self._free = known.records, known.only.items(), known.free.items()
        self.id_column, self.sums = known.id_column, known.sums
        self._caches_apart = None if known.caches_apart is None else compiled(known.caches_apart)
        self._providers = {**known.providers, **(providers or {})}
        for name, provider in self._providers.items():
            if str(provider).upper() not in PROVIDERS:
                raise ApiValueError(f"provider {name}={provider}: the platform takes {', '.join(PROVIDERS)}")
        given: dict[str, Expression] = {}
        if preset is None:
            given = {field: compiled(field) for field in FIELDS}
        given.update((field, compiled(text)) for field, text in known.columns.items())
        given.update((field, template(value)) for field, value in known.constants.items())
        given.update((_field(field), compiled(text)) for field, text in (columns or {}).items())
        given.update((_field(field), template(value)) for field, value in (constants or {}).items())
        self._given = [(field, text, missing_column) for field, text in (columns or {}).items()]
        self._given += [(field, text, missing_in_template) for field, text in (constants or {}).items()]
        self._metadata = [(name[len(METADATA) :], given.pop(name)) for name in list(given) if name.startswith(METADATA)]
        self._counts = [name for name, _ in self._metadata if name.startswith(otel.USAGE)]
        self._kind = given.pop("event_type", None)
        self._plan = [(field, expression, _CONVERSIONS[field]) for field, expression in given.items()]
        kinds = [kind for kind, counts in _COUNTS_OF.items() if any(count in given for count in counts)]
        # The kind of all rows that have usage, if no other is mapped.
        self._only_kind = kinds[0] if len(kinds) == 1 and self._kind is None else None

    def check_columns(self, file: str, columns: Collection[str]) -> None:
        """Check that a file has the columns that were named for it: a misspelt one would bill less than was used.

        What a preset names is not checked, since tools change their exports.

        Args:
            file: its name.
            columns: of the file, which every row has.

        Raises:
            FilesError: it lacks one.
        """
        for field, text, missing_in in self._given:
            missing = missing_in(text, columns)
            if missing is not None:
                close = get_close_matches(missing, columns, n=1)
                has = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(columns)}"[:_MAX_NAMES]
                raise FilesError(f"{file} has no column {missing!r} for {field}: {has}")

    def applies_to(self, values: Mapping[str, Any]) -> bool:
        """Return whether a row is one of usage that cost something."""
        for name, text in self._free:
            if str(values.get(name)).lower() == text:
                return False
        return all(values.get(name, wanted) == wanted for name, wanted in self._only)

    def fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a row's event, without those that have no value.

        Raises:
            RowRefused: a value is of the wrong kind.
        """
        made: dict[str, Any] = {}
        for field, expression, converted in self._plan:
            value = expression(values)
            if value is not None:
                made[field] = converted(value)
        kind = self._only_kind
        if kind is None:
            kind = self._kind_of(made, values)
            made = {field: made[field] for field in (*_OF_KIND[kind], *_OF_ALL) if field in made}
        elif not any(count in made for count in _COUNTS_OF[kind]):
            raise RowRefused(_NO_USAGE)
        made["event_type"] = kind
        if self._providers and "provider" in made:
            made["provider"] = self._providers.get(made["provider"], made["provider"])
        if self._metadata:
            facts = [(name, expression(values)) for name, expression in self._metadata]
            metadata = {name: value for name, value in facts if value is not None}
            for name in self._counts:
                if name in metadata:
                    metadata[name] = number_of(metadata[name])
            apart = None if self._caches_apart is None else number_of(self._caches_apart(values))
            read = made.get("input_tokens", 0)
            if apart and type(apart) is int and type(read) is int:
                metadata[otel.INPUT] = read + apart
            if metadata:
                made["metadata"] = metadata
        return made

    def _kind_of(self, made: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        given = None if self._kind is None else self._kind(values)
        if given is not None:
            if given not in _OF_KIND:
                raise RowRefused(f"event_type must be one of {', '.join(_OF_KIND)}, not {given!r}")
            return str(given)
        found = [kind for kind, counts in _COUNTS_OF.items() if any(count in made for count in counts)]
        if len(found) > 1:  # zeros beside another kind's counts say nothing
            found = [kind for kind in found if any(made.get(count) for count in _COUNTS_OF[kind])] or found[:1]
        if not found:
            raise RowRefused(_NO_USAGE)
        if len(found) > 1:
            raise RowRefused(
                f"has usage of {' and '.join(found)}: a row is one event; map event_type, or give it twice"
            )
        return found[0]


def _preset(name: str | None) -> Preset:
    if name is None:
        return Preset({})
    if not isinstance(name, str) or name not in PRESETS:
        raise ApiValueError(f"there is no preset {name!r}, but {', '.join(PRESETS)}")
    return PRESETS[name]


def _field(name: str) -> str:
    if not isinstance(name, str):
        raise ApiTypeError(f"a field of an event is a text, not {name!r}")
    if name not in FIELDS and not (name.startswith(METADATA) and len(name) > len(METADATA)):
        raise ApiValueError(f"events have no field {name!r} that a file gives, but {', '.join(FIELDS)}, metadata.NAME")
    return name


def _text(value: Any) -> str:
    return value if type(value) is str else text_of_value(value)


def _time(value: Any) -> str:
    moment = event_time(value if type(value) is str else text_of_value(value))
    if moment is None:
        raise RowRefused(f"timestamp {str(value)[:60]!r} is no date and time, and no seconds since 1970")
    return moment


_CONVERSIONS = {**dict.fromkeys(_TEXTS, _text), **dict.fromkeys(_COUNTS, number_of), "timestamp": _time}
