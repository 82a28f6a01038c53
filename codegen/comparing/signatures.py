"""Compares the package's names and signatures, as griffe reads them from its source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import griffe
from griffe import Breakage, BreakageKind, ParameterKind

from comparing.change import ADDITIVE, BREAKING, Change

# Printed from the contract.
_GENERATED = ("api", "models", "_exports", "_servers", "client.apis")


def signature_changes(old: Path, new: Path, friendly: Mapping[str, str], with_generated: bool) -> list[Change]:
    """Return what changed for those who use the package.

    Args:
        old: the directory in which the old package is.
        new: that of the new one.
        friendly: what people call methods of the API classes.
        with_generated: whether to compare what is generated as well.
    """
    before, after = _load(old), _load(new)
    exported = {name for package in (before, after) for part in (package, package["_exports"]) for name in part.members}
    words = _Words(exported, friendly)
    there, back = (
        [each for each in griffe.find_breaking_changes(*sides) if _is_told(each.obj, with_generated)]
        for sides in ((before, after), (after, before))  # what is gone on the way back is new
    )
    return list(dict.fromkeys(_told(there, back, words)))


class _ClosedOptions(griffe.Extension):
    """Leaves out ``**options: Unpack[Options]``, which griffe takes for arguments of any name."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        for parameter in list(func.parameters):
            if parameter.kind is ParameterKind.var_keyword and str(parameter.annotation).startswith("Unpack["):
                del func.parameters[parameter.name]


def _load(directory: Path) -> griffe.Module:
    package = griffe.load(
        "openmonetize",
        search_paths=[directory],
        try_relative_path=False,
        allow_inspection=False,
        resolve_aliases=True,
        resolve_external=False,
        extensions=griffe.load_extensions(_ClosedOptions()),
    )
    if not isinstance(package, griffe.Module):
        raise TypeError(f"openmonetize in {directory} is no package")
    for part in (package, package["api"], package["models"]):
        for name, member in part.members.items():
            if member.is_alias and not name.startswith("_"):
                member.public = True  # imported as itself, by which type checkers know it for exported
    return package


def _is_told(item: griffe.Object | griffe.Alias, with_generated: bool) -> bool:
    try:
        path, is_module = item.canonical_path, item.is_module
    except griffe.GriffeError:  # imported from another library
        return True
    is_generated = any(f"{path}.".startswith(f"openmonetize.{name}.") for name in _GENERATED)
    return not is_generated or (with_generated and not is_module)  # people import from the package


def _told(there: Iterable[Breakage], back: Iterable[Breakage], words: _Words) -> Iterator[Change]:
    gone, come = _removed(there), _removed(back)
    renamed = {path: (*gone[path], *come[path]) for path in gone if len(gone[path]) == len(come.get(path, ())) == 1}
    needed = {_parameter(each) for each in there if each.kind is BreakageKind.PARAMETER_ADDED_REQUIRED}
    # A dataclass has its arguments as attributes as well.
    arguments = {
        f"{path.removesuffix('.__init__')}.{name}" for found in (gone, come) for path in found for name in found[path]
    }
    for each in there:
        path = each.obj.path
        if each.kind is BreakageKind.PARAMETER_REMOVED and path in renamed:
            yield Change(BREAKING, f"{words.argument(each)} is now `{renamed[path][1]}`")
        elif not (
            (each.kind is BreakageKind.OBJECT_REMOVED and path in arguments)
            or (each.kind is BreakageKind.PARAMETER_ADDED_REQUIRED and path in renamed)
            or (each.kind is BreakageKind.PARAMETER_MOVED and path in gone)
        ):
            yield Change(BREAKING, words.broken(each))
    for each in back:
        path = each.obj.path
        if each.kind is BreakageKind.OBJECT_REMOVED and path not in arguments:
            yield Change(ADDITIVE, f"{words.of(each.obj)} is new")
        elif each.kind is BreakageKind.PARAMETER_CHANGED_REQUIRED:
            yield Change(ADDITIVE, f"{words.argument(each)} may be left out")
        elif each.kind is BreakageKind.PARAMETER_REMOVED and path not in renamed and _parameter(each) not in needed:
            yield Change(ADDITIVE, f"{words.argument(each)} is new")


def _parameter(breakage: Breakage) -> tuple[str, str]:
    return breakage.obj.path, (breakage.old_value or breakage.new_value).name


def _removed(breakages: Iterable[Breakage]) -> dict[str, list[str]]:
    """Return the names of the parameters that are gone, by the path of their function."""
    found = defaultdict(list)
    for each in breakages:
        if each.kind is BreakageKind.PARAMETER_REMOVED:
            found[each.obj.path].append(each.old_value.name)
    return dict(found)


class _Words:
    """What people call the objects of the package.

    Args:
        exported: the names that the package has.
        friendly: what people call methods of the API classes.
    """

    def __init__(self, exported: set[str], friendly: Mapping[str, str]) -> None:
        self._exported = exported
        self._friendly = friendly

    def of(self, item: griffe.Object | griffe.Alias) -> str:
        return f"`{self._name(item)}{'()' if item.is_function else ''}`"

    def argument(self, breakage: Breakage) -> str:
        return f"`{self._name(breakage.obj)}({_parameter(breakage)[1]}=…)`"

    def broken(self, breakage: Breakage) -> str:
        """Return the sentence for what breaks programs."""
        kind, old, new = breakage.kind, breakage.old_value, breakage.new_value
        if kind is BreakageKind.OBJECT_REMOVED:
            return f"{self.of(breakage.obj)} is gone"
        if kind is BreakageKind.PARAMETER_REMOVED:
            return f"{self.argument(breakage)} is gone"
        if kind is BreakageKind.PARAMETER_ADDED_REQUIRED:
            return f"{self.argument(breakage)} is new, and required"
        if kind is BreakageKind.PARAMETER_CHANGED_REQUIRED:
            return f"{self.argument(breakage)} is required"
        if kind is BreakageKind.PARAMETER_CHANGED_DEFAULT:
            return f"{self.argument(breakage)} is `{new.default}` by default, no longer `{old.default}`"
        if kind is BreakageKind.PARAMETER_CHANGED_KIND:
            return f"{self.argument(breakage)} is {new.kind.value}, no longer {old.kind.value}"
        if kind is BreakageKind.PARAMETER_MOVED:
            return f"{self.of(breakage.obj)} takes its arguments in another order"
        if kind is BreakageKind.OBJECT_CHANGED_KIND:
            return f"{self.of(breakage.obj)} is no longer a {old.value}"
        if kind is BreakageKind.CLASS_REMOVED_BASE:
            gone = [str(base) for base in old if str(base) not in map(str, new)]
            return f"{self.of(breakage.obj)} is no longer derived from `{', '.join(gone)}`"
        return f"{self.of(breakage.obj)} returns another type"

    def _name(self, item: griffe.Object | griffe.Alias) -> str:
        try:
            path, module = item.canonical_path, item.module.path
        except griffe.GriffeError:
            return item.path
        if item.is_alias and item.parent is not None and item.parent.is_module:  # imported, under any name
            return item.name if item.name in self._exported else item.path
        name = path[len(module) + 1 :].removesuffix(".__init__")
        if name.partition(".")[0] in self._exported or "._" in module:  # the latter is inherited
            return self._friendly.get(name, name)
        return path.removesuffix(".__init__")
