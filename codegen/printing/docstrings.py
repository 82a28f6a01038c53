"""Docstrings: escaped, wrapped, and laid out as the hand-written ones are."""

from __future__ import annotations

import re
import textwrap

from reading.model import Operation

WIDTH = 120

_LAST = (
    "The window's length, such as ``'24h'``, ``'30d'``, ``'4w'`` or a timedelta, instead of {0}: it ends at {1}, "
    "by default now. A day has 24 hours."
)
_ITEM = re.compile(r"^(?P<indent> +)(?P<name>\*{0,2}\w+): ")


def of_operation(operation: Operation, body_lines: list[tuple[str, str]]) -> str:
    """Return the docstring of an operation's method.

    Args:
        operation: the operation.
        body_lines: the arguments that make its body, and their descriptions.
    """
    arguments = [(each.name, each.description) for each in operation.parameters if each.place in ("path", "wildcard")]
    if operation.is_forwarded:
        arguments += body_lines
    arguments += [
        (each.name, each.description) for each in operation.parameters if each.place in ("query", "map", "header")
    ]
    if operation.time_range:
        arguments.append(("last", _LAST.format(*operation.time_range)))
    if not operation.is_forwarded:
        arguments += body_lines
    arguments.append(("**_options", "See :class:`~openmonetize.RequestOptions`."))
    good = "What happened to the events, summed up over all requests."
    if not operation.takes_events:
        good = " ".join(f"{each.code}: {each.description}" for each in operation.responses if each.is_good)
    failures = "".join(f", {each.code}" for each in operation.responses if not each.is_good)
    parts = [f"{operation.summary}.", operation.description]
    if operation.is_deprecated:
        parts.insert(1, "Deprecated.")
    text = "\n\n".join(part for part in parts if part)
    text += "\n\nArgs:\n" + "".join(f"    {name}: {description}\n" for name, description in arguments)
    text += f"\nReturns:\n    {good}\n\nRaises:\n    ApiException: The call failed{failures}.\n"
    return docstring(text, "        ")


def of_pages(operation: Operation) -> str:
    """Return the docstring of the method that reads all pages of an operation."""
    name, pages = operation.alias or operation.name, operation.pages
    assert pages is not None
    inner = (pages.limit, pages.offset)
    arguments = [(each.name, each.description) for each in operation.parameters if each.name not in inner]
    arguments += [
        ("page_size", f"Rows to ask for at a time, 1 to {pages.largest}."),
        (
            "progress",
            "Called after each page with the rows read so far, and the rows there were at the beginning; True for a "
            "progress bar, which tqdm draws.",
        ),
        ("**_options", "See :class:`~openmonetize.RequestOptions`; they apply to each page."),
    ]
    text = f"Return an iterator over the rows of all pages of :meth:`{name}`, newest first.\n\n"
    text += (
        "A row comes once, and none is left out while others are added: those are newer than the first one, and not "
        "read.\n\nArgs:\n"
    )
    text += "".join(f"    {name}: {description}\n" for name, description in arguments)
    text += "\nRaises:\n    ApiException: A page could not be read. The rows before it have been yielded.\n"
    return docstring(text, "        ")


def docstring(text: str, indent: str) -> str:
    """Return a text as a docstring at this indent, from its second line on."""
    text = text.strip().replace("\\", "\\\\")
    bare = text.rstrip('"')
    text = bare.replace('"""', '\\"\\"\\"') + '\\"' * (len(text) - len(bare))
    if "\n" not in text and len(indent) + len(text) + 6 <= WIDTH:
        return f'{indent}"""{text}"""'
    lines = [(indent + line).rstrip() for line in text.split("\n")]
    wrapped = _wrap(lines[0], indent, quotes=3) + [part for line in lines[1:] for part in _wrap(line, indent)]
    wrapped[0] = indent + '"""' + wrapped[0][len(indent) :]
    if len(wrapped) == 1 and len(wrapped[0]) + 3 <= WIDTH:
        return wrapped[0] + '"""'
    return re.sub(r"\n{3,}", "\n\n", "\n".join(wrapped)) + f'\n{indent}"""'


def _wrap(line: str, indent: str, quotes: int = 0) -> list[str]:
    """Wrap one line of a docstring; the lines that continue an argument's description are indented below its name."""
    if len(line) + quotes <= WIDTH:
        return [line]
    item = _ITEM.match(line)
    start = line[: len(line) - len(line.lstrip())]
    hanging = item["indent"] + "    " if item and len(item["indent"]) > len(indent) else start or indent
    return textwrap.wrap(
        line.strip(),
        WIDTH - quotes,
        initial_indent=start or indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
