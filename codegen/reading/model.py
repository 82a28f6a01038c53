"""What a contract says, in the words of a client: the only thing that templates, proofs and comparisons look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union


@dataclass(frozen=True)
class Limits:
    """Bounds of a value: of a number, of a text's length, or of a list's length."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None  # the exclusive minimum
    below: float | None = None  # the exclusive maximum
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    multiple_of: float | None = None
    is_unique: bool = False  # no item of a list twice


@dataclass(frozen=True)
class Scalar:
    """A single value.

    Attributes:
        kind: ``string``, ``integer``, ``number``, ``boolean``, ``datetime``, ``date``, ``bytes``, ``decimal``,
            ``decimal text``, ``integer text``, ``null`` or ``any``.
        values: those that are allowed; empty if there is no such list.
        type_name: the library's field type that ``x-om-type`` names.
    """

    kind: str
    values: tuple[Any, ...] = ()
    limits: Limits = Limits()
    type_name: str | None = None
    name: str | None = None  # of the list of values, if it has one


@dataclass(frozen=True)
class Listing:
    """A list of values of one kind."""

    items: Schema
    limits: Limits = Limits()


@dataclass(frozen=True)
class Table:
    """An object with any keys, and values of one kind."""

    value: Schema
    type_name: str | None = None


@dataclass(frozen=True)
class Reference:
    """A model, by its name."""

    name: str


@dataclass(frozen=True)
class Choice:
    """One of several kinds of values that JSON tells apart, such as a text or a list of texts."""

    options: tuple[Schema, ...]


Schema = Union[Scalar, Listing, Table, Reference, Choice]
NULL = Scalar("null")


def parts(schema: Schema) -> tuple[Schema, ...]:
    """Return the schemas of which one is made: of what is in a list or a map, or of several kinds; none of others."""
    if isinstance(schema, Listing):
        return (schema.items,)
    if isinstance(schema, Table):
        return (schema.value,)
    return schema.options if isinstance(schema, Choice) else ()


@dataclass(frozen=True)
class Field:
    """A property of a model."""

    name: str  # Python's
    wire: str
    schema: Schema
    description: str
    required: bool
    nullable: bool
    filled: bool  # by the client, if the caller leaves it out
    read_only: bool = False
    write_only: bool = False
    default: Any = None
    is_deprecated: bool = False


@dataclass
class Model:
    """An object with fields.

    Attributes:
        role: ``answer``, ``request`` or ``event``: they differ in how strictly they read and what they send.
        rows: the field whose rows an answer is a list of; empty if it is no list.
        is_open: whether a request may have other fields as well.
        unsent: the properties that a request does not have, for they are read only.
    """

    name: str
    module: str
    alias: str | None
    description: str
    example: Any
    role: str = "answer"
    fields: list[Field] = field(default_factory=list)
    rows: str = ""
    is_open: bool = False
    unsent: tuple[str, ...] = ()

    def row(self) -> Schema | None:
        """Return what a row is; None if the model is no list."""
        found = next((each.schema for each in self.fields if each.name == self.rows), None)
        return found.items if isinstance(found, Listing) else None


@dataclass
class Variants:
    """One of several models.

    Attributes:
        discriminator: the property that says which; empty if the properties of the models tell them apart.
        members: the names of the models, by the values of that property, or by themselves.
        marks: without a discriminator, the properties that only this model has.
        role: as that of a model.
    """

    name: str
    module: str
    alias: str | None
    description: str
    example: Any
    discriminator: str
    members: dict[str, str]
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    role: str = "answer"


@dataclass
class Enumeration:
    """Values that have a name."""

    name: str
    module: str
    alias: str | None
    description: str
    example: Any
    values: tuple[Any, ...]


Definition = Union[Model, Variants, Enumeration]


@dataclass(frozen=True)
class Parameter:
    """A value in the path, in the query or in the head of a request."""

    name: str  # Python's
    wire: str
    place: str  # "path", "query", "header", "wildcard" or "map"
    schema: Schema
    required: bool
    description: str
    many: str = ""  # how a list is written: "repeat" or "comma"
    of_list: Limits = Limits()
    example: Any = None
    default: Any = None
    is_deprecated: bool = False

    @property
    def is_time(self) -> bool:
        """Whether it is one time in the query."""
        single = isinstance(self.schema, Scalar) and not self.many
        return self.place == "query" and single and self.schema == Scalar("datetime")


@dataclass(frozen=True)
class Body:
    """What a request carries."""

    name: str  # the argument's
    schema: Schema
    example: Any
    required: bool


@dataclass(frozen=True)
class Response:
    """One answer of an operation. The media type is empty for JSON."""

    code: str
    description: str
    schema: Schema | None
    example: Any
    media_type: str
    headers: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether it is an answer to a call that went well."""
        return self.code.startswith("2")


@dataclass(frozen=True)
class Pages:
    """How an operation's rows come page by page, newest first.

    Attributes:
        limit: the argument for the most rows of a page.
        offset: the argument for the rows to skip.
        largest: the largest page.
        key: the attribute that tells rows apart.
        total: the attribute of a page that says how many rows there are.
        row: what a row is.
    """

    limit: str
    offset: str
    largest: int
    key: str
    total: str
    row: Schema


@dataclass(frozen=True)
class Operation:
    """One call."""

    name: str
    alias: str | None
    verb: str
    path: str
    summary: str
    description: str
    is_deprecated: bool
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    auth: str  # "bearer", "both" or "none"
    retry: str | None
    is_forwarded: bool
    takes_events: bool
    pages: Pages | None = None
    time_range: tuple[str, str] | None = None  # the arguments for the first and the last instant that are asked for


@dataclass
class Tag:
    """Operations that belong together: they become one class."""

    name: str
    description: str
    class_name: str
    module: str
    attribute: str
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True)
class Server:
    """A host that serves the contract."""

    url: str
    description: str


@dataclass
class Contract:
    """All of it."""

    servers: tuple[Server, ...]
    tags: list[Tag]
    models: dict[str, Definition]
