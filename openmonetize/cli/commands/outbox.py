"""``openmonetize outbox``: look into an outbox, deliver what waits in it, and fill it from a queue."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click
from click.core import ParameterSource

from openmonetize._http.configuration import Configuration
from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import is_postgres
from openmonetize.cli import exit_codes, outboxes
from openmonetize.cli.account_delivery import AccountDelivery
from openmonetize.cli.account_keys import read_keys
from openmonetize.cli.drain_service import STALLED_SECONDS, serve
from openmonetize.cli.ending import Ending
from openmonetize.cli.errors import CommandError
from openmonetize.cli.health_server import read_address
from openmonetize.cli.options import Group, OutboxPlace, add_common_options, output, row_limit
from openmonetize.cli.outbox_reader import OutboxReader
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, TIME, Column, Output
from openmonetize.exceptions import MissingExtraError
from openmonetize.metering.results import Finding

_ACCOUNTS = (
    Column("base_url", "platform", optional=2),
    Column("customer_id", "customer", optional=1),
    Column("fingerprint", None),
    Column("queued", "queued", COUNT),
    Column("retrying", "retrying", COUNT),
    Column("dead", "refused", COUNT),
    Column("accepted", "accepted", COUNT),
    Column("duplicate", "duplicate", COUNT, 3),
    Column("dropped", "dropped", COUNT, 4),
    Column("oldest_seconds", None),
)
_LETTERS = (
    Column("at", "refused at (UTC)", TIME),
    Column("status", "status", COUNT),
    Column("reason", "reason"),
    Column("event_id", "event", optional=1),
    Column("event", None),
)


_VERIFIED = (
    Column("accepted", "accepted", COUNT),
    Column("billed", "billed", COUNT),
    Column("waiting", "waiting", COUNT),
    Column("lost", "lost", COUNT),
    Column("repaired", "repaired", COUNT),
    Column("unpaid", "unpaid", COUNT),
    Column("unbooked", "unbooked", COUNT),
    Column("unchecked_users", None),
    Column("unverified", None),
    Column("findings", None),
)
_KEEP = "3650d"  # a command removes nothing that the program keeps
_STOP_TIMEOUT = 10.0  # seconds for a request that is under way when the time is over
_MAX_FINDINGS = 20  # that people are shown


@click.group(cls=Group)
def command() -> None:
    """Look into an outbox, and deliver what waits in it.

    The outbox is DIR or a database, postgresql://HOST/DATABASE, else that of OPENMONETIZE_OUTBOX, else that of the
    profile. Only consume, drain, replay and verify need a key. A database's password is better in PGPASSWORD or
    ~/.pgpass than in the URL, which other users of this machine see.
    """


add_common_options(command)


def _outbox_argument(function: Any) -> Any:
    return click.argument(
        "place", metavar="[DIR|URL]", required=False, envvar=outboxes.OUTBOX_VARIABLE, type=OutboxPlace()
    )(function)


@command.command()
@_outbox_argument
@output()
def status(session: Session, place: Secret | None, out: Output) -> None:
    """Show how many events wait, were refused, and were delivered."""
    found = _reader(session, place).contents()
    rows = [
        {
            **part.account._asdict(),
            "customer_id": part.customer_id,
            **part.stats._asdict(),
            "oldest_seconds": None if part.oldest is None else round(part.oldest),
        }
        for part in found.parts
    ]
    notes = [f"{found.path}: {found.waiting:,} wait{found.room}"]
    if found.oldest is not None:
        minutes = round(found.oldest / 60)
        age = "less than a minute" if found.oldest < 60 else f"{minutes:,} minute{'' if minutes == 1 else 's'}"
        notes.append(f"the oldest waits for {age}")
    if found.problem is not None:
        notes.append(found.problem)
    out.table(_ACCOUNTS, rows, notes=notes, empty="no account with events that can be read")


@command.command()
@_outbox_argument
@click.option("--sql", is_flag=True, help="Print the SQL, for migrations of your own. No database is needed.")
def migrate(session: Session, place: Secret | None, sql: bool) -> None:
    """Make the tables of an outbox in PostgreSQL, or bring them up to this release.

    Programs never do so by themselves. It may be run again, and by several at a time.
    """
    from openmonetize.metering.buffers.postgres import schema

    if sql:
        print(schema.migration())
        return
    place = _named_place(session, place)
    if not is_postgres(place):
        raise CommandError(f"the outbox {place.value!r} is a directory: only postgresql://HOST/DATABASE has tables")
    present = schema.migrate(place)
    where = outboxes.shown_place(place)
    if present == schema.VERSION:
        print(f"{where}: the tables are of version {present}, nothing is to be done")
    elif present:
        print(f"{where}: the tables are of version {schema.VERSION} now, and were of {present}")
    else:
        print(f"{where}: the tables were made, of version {schema.VERSION}")


@command.command()
@_outbox_argument
@click.option("--dsn", type=OutboxPlace(), metavar="URL", help="The same as the argument.")
@click.option("--watch", is_flag=True, help="Go on with what comes in, until SIGTERM or Ctrl-C.")
@click.option("--accounts", "keys_file", metavar="FILE", help="Several accounts: lines `name = key`, or JSON.")
@click.option("--profiles", metavar="NAME,NAME", help="The accounts of several profiles.")
@click.option("--timeout", type=click.FloatRange(0.1), metavar="S", help="Seconds, without --watch. [default: 300]")
@click.option("--keep", metavar="LENGTH", help="Keep what is delivered, as OpenMonetize(keep=...): 35d, 12h.")
@click.option("--verify", is_flag=True, help="Send again what the platform loses, as OpenMonetize(verify=True).")
@click.option(
    "--health", metavar="[HOST:]PORT", help="With --watch, serve /healthz and /metrics. [default host: loopback]"
)
@click.option(
    "--stalled-after",
    type=click.FloatRange(1.0),
    default=STALLED_SECONDS,
    show_default=True,
    metavar="S",
    help="Seconds without a delivery, while events wait, that /healthz tells of.",
)
def drain(
    session: Session,
    place: Secret | None,
    dsn: Secret | None,
    watch: bool,
    keys_file: str | None,
    profiles: str | None,
    timeout: float | None,
    keep: str | None,
    verify: bool,
    health: str | None,
    stalled_after: float,
) -> int:
    """Deliver what waits, and end. Exit code 1 if something is left.

    With --watch it is a service: it also delivers what comes in, and ends after the request that is under way. Any
    number of them may share a database; each event is delivered by one. A key delivers the events that were recorded
    under it, or under another one of its customer.
    """
    context = click.get_current_context()
    if dsn is not None and context.get_parameter_source("place") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--dsn and the argument exclude each other", context)
    if watch and timeout is not None:
        raise click.UsageError("--watch and --timeout exclude each other", context)
    if health is not None and not watch:
        raise click.UsageError("--health needs --watch", context)
    address = None if health is None else read_address(health)
    place = _named_place(session, dsn or place)
    accounts = _accounts(session, keys_file, profiles)
    reader = outboxes.open_reader(place)
    keeping = _keeping(reader)
    if verify:
        keeping = {"verify": True}
    if keep is not None:
        keeping["keep"] = keep

    def deliveries() -> list[AccountDelivery]:
        return [AccountDelivery(name, settings, place, keeping) for name, settings in accounts]

    if watch:
        return serve(reader, deliveries, address, stalled_after)
    return _finish(deliveries(), 300.0 if timeout is None else timeout)


@command.command()
@_outbox_argument
@row_limit()
@output()
def dead(session: Session, place: Secret | None, limit: int | None, out: Output) -> None:
    """List the events that the platform refused, with its reasons."""
    letters = _reader(session, place).dead_letters()
    shown = letters if limit is None else letters[-limit:]
    rows = (
        {
            "at": letter.at,
            "status": letter.status,
            "reason": letter.reason,
            "event_id": letter.event.get("event_id"),
            "event": letter.event,
        }
        for letter in shown
    )
    notes = [f"the last {len(shown):,} of {len(letters):,}; --all shows more"] if len(shown) < len(letters) else []
    out.table(_LETTERS, rows, notes=notes, empty="no event was refused")


@command.command()
@_outbox_argument
@click.option("--timeout", type=click.FloatRange(0.1), default=300.0, show_default=True, metavar="S", help="Seconds.")
def replay(session: Session, place: Secret | None, timeout: float) -> int:
    """Send the refused events again, under their ids. Exit code 1 if something is left or refused again."""
    place = _named_place(session, place)
    reader = outboxes.open_reader(place)
    if not reader.dead_letters():
        print("no event was refused")
        return exit_codes.DONE
    delivery = AccountDelivery(*_own_account(session), place, _keeping(reader))
    print(f"{delivery.recorder.replay_dead_letters():,} refused events are sent again")
    return _finish([delivery], timeout)


@command.command()
@_outbox_argument
@click.option("--since", metavar="TIME", help="Only what was accepted since: 2026-01-31, or 24h, 30d before now.")
@click.option("--repair", is_flag=True, help="Send the lost again. Each counts for the monthly quota once more.")
@click.option("--timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, metavar="S", help="Seconds.")
@output()
def verify(session: Session, place: Secret | None, since: str | None, repair: bool, timeout: float, out: Output) -> int:
    """Find out whether what was accepted is billed.

    For an outbox of OpenMonetize(verify=True), which keeps it. What waits is delivered first. Exit code 1 if anything
    is lost, unpaid or not booked, may still be billed, or was delivered without it.
    """
    place = _named_place(session, place)
    outboxes.open_reader(place)  # refuses what is no outbox
    client = session.client(outbox=place, verify="report", keep=_KEEP)
    report = client.verify(since, repair=False, timeout=timeout)
    if repair and report.lost:
        print(f"{report.lost:,} lost events are sent again: each counts for the monthly quota", file=sys.stderr)
        report = client.verify(since, repair=True, timeout=timeout)
    findings = [finding._asdict() for finding in report.findings]
    notes = [_described(finding) for finding in report.findings[:_MAX_FINDINGS]]
    if len(findings) > _MAX_FINDINGS:
        notes.append(f"{len(findings) - _MAX_FINDINGS:,} more; --json shows all")
    if report.unchecked_users:
        notes.append(f"the bookings of {report.unchecked_users:,} users cannot be compared")
    if report.unverified:
        notes.append(
            f"nothing is known of {report.unverified:,} more accepted events, which were delivered without "
            "OpenMonetize(verify=True), or not kept for long enough; `openmonetize reconcile` looks at all that is kept"
        )
    if report.lost and not repair:
        notes.append(f"--repair sends the {report.lost:,} lost again; each counts for the monthly quota")
    rows = [{**report._asdict(), "findings": findings}] if report.accepted or report.unverified else []
    out.table(_VERIFIED, rows, notes=notes, empty="nothing is kept here that was accepted")
    return exit_codes.DONE if report else exit_codes.NO


def _described(finding: Finding) -> str:
    """Return a finding as a line."""
    user = finding.user_id or "the customer"
    if finding.event is None:
        return f"{finding.kind}: {finding.events:,} events of {user}, {finding.credits:,} credits"
    return f"{finding.kind}: {finding.event.get('event_id')} of {user}, {finding.event.get('timestamp')}"


@command.command()
@_outbox_argument
@click.option("--output", "target", metavar="FILE", default="-", show_default=True, help="A new file; - is the output.")
@click.option("--kept", is_flag=True, help="The delivered events that OpenMonetize(keep=...) has kept, instead.")
def export(session: Session, place: Secret | None, target: str, kept: bool) -> None:
    """Write the refused events as JSON Lines: event, status, reason, at."""
    reader = _reader(session, place)
    if kept:
        lines = [json.dumps(json.loads(wire)) for wire in reader.kept()]
    else:
        lines = [letter.to_json() for letter in reader.dead_letters()]
    if target == "-":
        sys.stdout.writelines(line + "\n" for line in lines)
        return
    try:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{target!r} is there already: name a new file") from None
    with open(fd, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    print(f"{len(lines):,} events in {target}", file=sys.stderr)


@command.command()
@click.argument("url", metavar="kafka://HOST:PORT/TOPIC[,TOPIC]")
@click.option(
    "--outbox",
    "place",
    type=OutboxPlace(),
    metavar="DIR|URL",
    envvar=outboxes.OUTBOX_VARIABLE,
    help="A directory is made if missing.",
)
@click.option("--group", metavar="NAME", help="The consumer group. [default: openmonetize]")
@click.option(
    "--dead-letters", metavar="FILE", help="Or kafka:TOPIC. Required with URL. [default: DIR.dead-letters.jsonl]"
)
@click.option("--config", metavar="FILE", help="More settings of the consumer, name=value, such as sasl.password.")
@click.option("--source", default="kafka", show_default=True, metavar="NAME", help="A part of the events' ids.")
@click.option("--id-field", metavar="NAME", help="The field that is an event's id.")
@click.option("--id-header", metavar="NAME", help="The header that is an event's id.")
@click.option("--from-beginning", is_flag=True, help="Read all; what is billed already is not billed again.")
@click.option("--max-messages", type=click.IntRange(1), metavar="N", help="End after so many.")
def consume(
    session: Session,
    url: str,
    place: Secret | None,
    group: str | None,
    dead_letters: str | None,
    config: str | None,
    max_messages: int | None,
    **settings: Any,
) -> int:
    """Bill the messages of topics, JSON with the fields of events, each once.

    An offset is committed when the event is in the outbox, which is delivered meanwhile. Runs until SIGTERM or Ctrl-C.
    Settings of librdkafka may follow the URL: ?group=NAME&security.protocol=SSL. Exit code 1 if there were dead
    letters.
    """
    place = _named_place(session, place)
    if dead_letters is None:
        if is_postgres(place):
            raise CommandError("where are dead letters kept?", hint="name a file or kafka:TOPIC with --dead-letters")
        dead_letters = f"{place.value.rstrip(os.sep)}.dead-letters.jsonl"
    try:
        from confluent_kafka import KafkaException

        from openmonetize.integrations.kafka import KafkaSource, read_url
    except ModuleNotFoundError as error:
        if error.name != "confluent_kafka":
            raise
        raise MissingExtraError("to read Kafka: pip install 'openmonetize[kafka]'") from None
    of_url, topics = read_url(url)
    consumer = {"group.id": "openmonetize", **(_read_config(config) if config else {}), **of_url}
    if group is not None:
        consumer["group.id"] = group
    client = session.client(outbox=place)
    code = exit_codes.USAGE
    try:
        source = KafkaSource(
            client,
            consumer,
            topics,
            dead_letters=dead_letters,
            **settings,
        )
        code = exit_codes.NO_ANSWER
        with Ending() as ending, source:
            source.check()
            counts = source.run(lambda: ending.asked, max_messages=max_messages)
    except KafkaException as error:
        raise CommandError(f"Kafka: {error.args[0].str()}", code) from None
    print(
        f"{counts.messages:,} messages: {counts.recorded:,} recorded, {counts.skipped:,} without usage, "
        f"{counts.dead_letters:,} dead letters"
    )
    return exit_codes.NO if counts.dead_letters else exit_codes.DONE


def _read_config(path: str) -> dict[str, str]:
    """Return the settings in a file, as Kafka's own tools take it: a line each, ``name=value``."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            name, equals, value = line.strip().partition("=")
            if name and not name.startswith("#"):
                if not equals:
                    raise CommandError(f"{path}, line {number}, is not of the form name=value")
                found[name.strip()] = value.strip()
    return found


def _reader(session: Session, place: Secret | None) -> OutboxReader:
    return outboxes.open_reader(_named_place(session, place))


def _named_place(session: Session, place: Secret | None) -> Secret:
    place = place or session.account.outbox
    if place is None:
        hint = f"name its directory or its postgresql:// URL, or set {outboxes.OUTBOX_VARIABLE}"
        raise CommandError("which outbox?", hint=hint)
    return place


def _keeping(reader: OutboxReader) -> dict[str, Any]:
    """Return the settings that keep what is accepted, if the outbox's program does so."""
    return {"verify": "report", "keep": _KEEP} if reader.is_verified() else {}


def _own_account(session: Session) -> tuple[str, Configuration]:
    return session.profile or "default", session.configuration()


def _accounts(session: Session, keys_file: str | None, profiles: str | None) -> list[tuple[str, Configuration]]:
    """Return names and settings of the accounts to deliver for."""
    if keys_file is not None and profiles is not None:
        raise click.UsageError("--accounts and --profiles exclude each other", click.get_current_context())
    if keys_file is not None:
        accounts = session.configurations(read_keys(keys_file))
    elif profiles is not None:
        accounts = session.configurations_of_profiles(list(dict.fromkeys(name.strip() for name in profiles.split(","))))
    else:
        accounts = [_own_account(session)]
    names: dict[tuple[str, str], str] = {}
    for name, settings in accounts:
        earlier = names.setdefault((settings.host, settings.account_fingerprint()), name)
        if earlier != name:
            raise CommandError(f"{earlier!r} and {name!r} have the same key")
    return accounts


def _finish(deliveries: Sequence[AccountDelivery], timeout: float) -> int:
    """Deliver what waits, all accounts at the same time."""
    with ThreadPoolExecutor(len(deliveries)) as pool:
        results = list(pool.map(lambda delivery: delivery.recorder.flush(timeout), deliveries))
    others = set.intersection(*(set(delivery.recorder.usage_of_other_keys()) for delivery in deliveries))
    done = True
    for delivery, result in zip(deliveries, results):
        delivery.recorder.stop_delivering(_STOP_TIMEOUT)
        done = done and result.complete and not delivery.dead
        print(
            f"{delivery.name + ': ' if len(deliveries) > 1 else ''}{delivery.accepted:,} accepted, "
            f"{delivery.duplicate:,} duplicates, {delivery.dead:,} refused, "
            f"{'unknown' if result.left is None else f'{result.left:,}'} left"
        )
    for other in sorted(others):
        print(f"{other.events:,} events wait for another key, of {other.base_url}", file=sys.stderr)
    if done:
        return exit_codes.DONE
    for delivery in deliveries:
        if delivery.reason is not None:
            of = f" of {delivery.name}" if len(deliveries) > 1 else ""
            print(f"the last reason{of}: {delivery.reason}", file=sys.stderr)
    return exit_codes.NO
