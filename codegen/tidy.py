"""Repairs of the generated files that Mustache cannot make: aliases, empty declarations, wrapped docstrings."""

from __future__ import annotations

import re
import textwrap

WIDTH = 120

_FIELD = re.compile(r"^    (?P<name>\w+): Annotated\[(?P<type>.*), Field\((?P<options>.*)\)\](?P<rest>.*)$", re.M)
_DOCSTRING = re.compile(r'^(?P<indent> *)"""(?P<text>(?:(?!""").)*)"""$', re.M | re.S)
_ITEM = re.compile(r"^(?P<indent> +)(?P<name>\*{0,2}\w+): ")


def tidy_python(source: str) -> str:
    """Return a generated Python file, shortened and wrapped."""
    source = _FIELD.sub(_without_redundant_alias, source)
    source = re.sub(r"\n    nullable: .*= frozenset\(\(\)\)\n", "\n", source)
    source = re.sub(r'"\d{3}": "ErrorResponse",', "", source)  # the default model of an error
    source = re.sub(r"^    from (typing|typing_extensions|pydantic) import .*\n", "", source, flags=re.MULTILINE)
    source = source.replace(", {  })", ")")  # an operation without arguments
    return _DOCSTRING.sub(_wrapped, source)


def tidy_markdown(source: str) -> str:
    """Return a generated page without empty tables and runs of blank lines."""
    source = re.sub(r"\| argument \|.*\n\| --- .*\n(?!\|)", "", source)
    return re.sub(r"\n{3,}", "\n\n", source).rstrip("\n") + "\n"


def _without_redundant_alias(match: re.Match[str]) -> str:
    """Return a field without an alias that is its own name."""
    name, kind, options, rest = match.group("name", "type", "options", "rest")
    options = re.sub(rf'^alias="{name}"(?:, )?', "", options)
    return f"    {name}: Annotated[{kind}, Field({options})]{rest}" if options else f"    {name}: {kind}{rest}"


def _wrapped(match: re.Match[str]) -> str:
    indent, text = match["indent"], match["text"].replace("\\", r"\\")
    if "\n" not in text and len(indent) + len(text) + 6 <= WIDTH:
        return f'{indent}"""{text}"""'
    lines = [line.rstrip() for line in text.strip().split("\n")]
    wrapped = _wrap(indent + lines[0], indent, quotes=3) + [part for line in lines[1:] for part in _wrap(line, indent)]
    wrapped[0] = indent + '"""' + wrapped[0][len(indent) :]
    if len(wrapped) == 1 and len(wrapped[0]) + 3 <= WIDTH:
        return wrapped[0] + '"""'
    return re.sub(r"\n{3,}", "\n\n", "\n".join(wrapped)) + f'\n{indent}"""'


def _wrap(line: str, indent: str, quotes: int = 0) -> list[str]:
    """Wrap one line of a docstring; the lines that continue an argument's description are indented below its name."""
    if len(line) + quotes <= WIDTH:
        return [line]
    item = _ITEM.match(line)
    start = re.match(" *", line)[0]  # type: ignore[index]  # matches always
    hanging = item["indent"] + "    " if item and len(item["indent"]) > len(indent) else start or indent
    return textwrap.wrap(
        line.strip(),
        WIDTH - quotes,
        initial_indent=start or indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
