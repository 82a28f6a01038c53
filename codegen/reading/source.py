"""Reads the files of a contract: YAML or JSON, with the line of each value, and with references followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_REFERENCES = 100  # that lead to each other
_KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class ContractError(Exception):
    """A file cannot be read at all."""


class Problems:
    """What is wrong with a contract: all of it is told, in one run."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, where: Cursor, text: str) -> None:
        """Note what is wrong, and where."""
        line = f"{where.place}: {text}" if where.name == "" else f"{where.place}: {where.name}: {text}"
        line = "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in line)
        if line not in self.found:
            self.found.append(line)


class Mapping(dict[str, Any]):
    """An object of a file, with its place."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, str] = {}  # of its keys


class Source:
    """The files of a contract.

    Args:
        path: the file that is read first.
        problems: takes what is wrong with them.
    """

    def __init__(self, path: Path, problems: Problems) -> None:
        self.problems = problems
        self.path = path
        self._files: dict[Path, Any] = {}

    def root(self) -> Cursor:
        """Return the whole contract."""
        return Cursor(self, self.path, self.file(self.path), self.path.name, "")

    def file(self, path: Path) -> Any:
        """Return what a file says.

        Raises:
            ContractError: it is missing, or neither YAML nor JSON.
        """
        if path not in self._files:
            try:
                node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
            except OSError as error:
                raise ContractError(f"{path.name} cannot be read: {error.strerror}") from None
            except UnicodeDecodeError:
                raise ContractError(f"{path.name} is not UTF-8 text") from None
            except yaml.MarkedYAMLError as error:
                line = error.problem_mark.line + 1 if error.problem_mark else 0
                raise ContractError(f"{path.name}:{line}: neither YAML nor JSON: {error.problem}") from None
            except yaml.YAMLError as error:
                raise ContractError(f"{path.name} is neither YAML nor JSON: {error}") from None
            self._files[path] = self._value(path.name, node, ()) if node is not None else Mapping(path.name)
        return self._files[path]

    def _value(self, file: str, node: Any, inside: tuple[Any, ...]) -> Any:
        place = f"{file}:{node.start_mark.line + 1}"
        if node in inside:
            raise ContractError(f"{place}: a value contains itself")
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.style else _scalar(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(file, item, (*inside, node)) for item in node.value]
        found = Mapping(place)
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ContractError(f"{place}: a key is no text")
            if key.value in found:
                raise ContractError(f"{file}:{key.start_mark.line + 1}: {key.value!r} is there twice")
            found[key.value] = self._value(file, value, (*inside, node))
            found.places[key.value] = f"{file}:{key.start_mark.line + 1}"
        return found


def _scalar(text: str) -> Any:
    """Return a plain scalar as YAML 1.2 reads it, in which ``no`` and ``2026-11-01`` are texts."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


class Cursor:
    """A value of the contract that knows where it is, and what of it was read.

    Attributes:
        value: the value.
        place: its file and line.
        name: what messages call it, such as ``GET /v1/users: parameter limit``.
    """

    def __init__(self, source: Source, file: Path, value: Any, place: str, name: str) -> None:
        self._source = source
        self._file = file
        self.value = value
        self.place = place
        self.name = name
        self._read: set[str] = set()

    def problem(self, text: str) -> None:
        """Note that something is wrong here."""
        self._source.problems.add(self, text)

    def named(self, name: str) -> Cursor:
        """Return the same value under another name."""
        return Cursor(self._source, self._file, self.value, self.place, name)

    def changed(self, values: dict[str, Any], without: tuple[str, ...] = ()) -> Cursor:
        """Return the object with these values under their keys, and without others."""
        value = Mapping(self.place)
        value.places = dict(self.value.places)
        value.update({key: item for key, item in self.value.items() if key not in without})
        value.update(values)
        return Cursor(self._source, self._file, value, self.place, self.name)

    def is_object(self, what: str) -> bool:
        """Return whether the value is an object; it is a problem if it is not."""
        if not isinstance(self.value, Mapping):
            self.problem(f"{what} must be an object, not {self.value!r}")
        return isinstance(self.value, Mapping)

    def has(self, key: str) -> bool:
        """Return whether the object has this key."""
        return isinstance(self.value, dict) and key in self.value

    def take(self, key: str, kind: type[Any] | tuple[type[Any], ...], default: Any = None) -> Any:
        """Return what is under a key, as JSON. A value of another type is a problem."""
        if not self.has(key):
            return default
        self._read.add(key)
        value = self.value[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
            if isinstance(value, str) and _CONTROL.search(value):
                self.at(key).problem(f"{key} has control characters")
                return default
            return value
        self.at(key).problem(f"{key} must be {' or '.join(_KINDS[each] for each in kinds)}, not {value!r}")
        return default

    def texts(self, key: str) -> list[str]:
        """Return the texts of a list. Other values in it are problems."""
        given = self.take(key, list, [])
        for value in given:
            if not isinstance(value, str):
                self.at(key).problem(f"{key} must be a list of texts, and has {value!r}")
        return [value for value in given if isinstance(value, str)]

    def pass_over(self, *keys: str) -> None:
        """Take note of keys that say nothing which a client needs to know."""
        self._read.update(keys)

    def at(self, key: str, name: str | None = None) -> Cursor:
        """Return what is under a key."""
        self._read.add(key)
        place = self.value.places.get(key, self.place) if isinstance(self.value, Mapping) else self.place
        return Cursor(self._source, self._file, self.value[key], place, self.name if name is None else name)

    def items(self, label: str = "{}") -> Iterator[tuple[str, Cursor]]:
        """Yield the keys of an object and what is under them, named by a format for the key."""
        if not isinstance(self.value, dict):
            self.problem(f"must be an object, not {self.value!r}")
            return
        for key in self.value:
            yield key, self.at(key, _joined(self.name, label.format(key)))

    def elements(self) -> Iterator[Cursor]:
        """Yield the items of a list."""
        if not isinstance(self.value, list):
            self.problem(f"must be a list, not {self.value!r}")
            return
        for value in self.value:
            place = value.place if isinstance(value, Mapping) else self.place
            yield Cursor(self._source, self._file, value, place, self.name)

    def done(self, what: str = "") -> None:
        """Refuse the keys that nobody has read: they would be left out in silence."""
        if isinstance(self.value, dict):
            for key in self.value:
                if key not in self._read:
                    self.at(key).problem(f"{what}{key} is not supported")

    def followed(self) -> tuple[Cursor, str | None]:
        """Return what a reference leads to, and the last part of its path; the value itself if it is none."""
        at, name = self, None
        for _ in range(MAX_REFERENCES):
            if not at.has("$ref"):
                return at, name
            target = at._target()
            if target is None:
                return at, None
            at, name = target
        self.problem("the reference leads to itself")
        return Cursor(self._source, self._file, Mapping(self.place), self.place, self.name), None

    def _target(self) -> tuple[Cursor, str] | None:
        reference = self.take("$ref", str, "")
        file, _, pointer = reference.partition("#")
        if "://" in file:
            self.problem(f"$ref {reference}: only files are read")
            return None
        path = (self._file.parent / file).resolve() if file else self._file
        try:
            value, place = self._source.file(path), path.name
        except ContractError as error:
            self.problem(f"$ref {reference}: {error}")
            return None
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        for part in parts:
            if not isinstance(value, Mapping) or part not in value:
                self.problem(f"$ref {reference} leads nowhere")
                return None
            place, value = value.places[part], value[part]
        return Cursor(self._source, path, value, place, self.name), parts[-1] if parts else path.stem


def _joined(*names: str) -> str:
    return ": ".join(name for name in names if name)
