"""``openmonetize outbox``: look into an outbox, deliver what waits in it, and fill it from a queue."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from openmonetize.cli import exit_codes, outboxes
from openmonetize.cli.ending import Ending
from openmonetize.cli.errors import CommandError
from openmonetize.cli.options import Group, add_common_options, output, row_limit
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, TIME, Column, Output
from openmonetize.exceptions import MissingExtraError
from openmonetize.metering.incidents import Delivered, Incident
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
_MAX_FINDINGS = 20  # that people are shown


@click.group(cls=Group)
def command() -> None:
    """Look into an outbox, and deliver what waits in it.

    The outbox is DIR, else that of OPENMONETIZE_OUTBOX, else that of the profile. Only consume, drain, replay and
    verify need a key.
    """


add_common_options(command)


def _directory(function: Any) -> Any:
    return click.argument("directory", metavar="[DIR]", required=False, envvar=outboxes.OUTBOX_VARIABLE)(function)


@command.command()
@_directory
@output()
def status(session: Session, directory: str | None, out: Output) -> None:
    """Show how many events wait, were refused, and were delivered."""
    path = _path(session, directory)
    found = outboxes.read(path)
    rows = [
        {
            **part.account._asdict(),
            "customer_id": part.customer_id,
            **part.stats._asdict(),
            "oldest_seconds": None if part.oldest is None else round(part.oldest),
        }
        for part in found.parts
    ]
    notes = [f"{path}: {found.waiting:,} wait, {found.free_bytes / 2**20:,.0f} MiB free on its disk"]
    if found.oldest is not None:
        minutes = round(found.oldest / 60)
        age = "less than a minute" if found.oldest < 60 else f"{minutes:,} minute{'' if minutes == 1 else 's'}"
        notes.append(f"the oldest waits for {age}")
    if found.problem is not None:
        notes.append(found.problem)
    out.table(_ACCOUNTS, rows, notes=notes, empty="no account with events that can be read")


@command.command()
@_directory
@click.option("--timeout", type=click.FloatRange(0.1), default=300.0, show_default=True, metavar="S", help="Seconds.")
def drain(session: Session, directory: str | None, timeout: float) -> int:
    """Deliver what waits, and end. Exit code 1 if something is left."""
    path = _path(session, directory)
    outboxes.read(path)  # refuses what is no outbox
    return _Draining(session, path).flush(timeout)


@command.command()
@_directory
@row_limit()
@output()
def dead(session: Session, directory: str | None, limit: int | None, out: Output) -> None:
    """List the events that the platform refused, with its reasons."""
    letters = outboxes.dead_letters(_path(session, directory))
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
@_directory
@click.option("--timeout", type=click.FloatRange(0.1), default=300.0, show_default=True, metavar="S", help="Seconds.")
def replay(session: Session, directory: str | None, timeout: float) -> int:
    """Send the refused events again, under their ids. Exit code 1 if something is left or refused again."""
    path = _path(session, directory)
    if not outboxes.dead_letters(path):
        print("no event was refused")
        return exit_codes.DONE
    draining = _Draining(session, path)
    print(f"{draining.client.replay_dead_letters():,} refused events are sent again")
    return draining.flush(timeout)


@command.command()
@_directory
@click.option("--since", metavar="TIME", help="Only what was accepted since: 2026-01-31, or 24h, 30d before now.")
@click.option("--repair", is_flag=True, help="Send the lost again. Each counts for the monthly quota once more.")
@click.option("--timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, metavar="S", help="Seconds.")
@output()
def verify(
    session: Session, directory: str | None, since: str | None, repair: bool, timeout: float, out: Output
) -> int:
    """Find out whether what was accepted is billed.

    For an outbox of OpenMonetize(verify=True), which keeps it. What waits is delivered first. Exit code 1 if anything
    is lost, unpaid or not booked, may still be billed, or was delivered without it.
    """
    path = _path(session, directory)
    outboxes.read(path)  # refuses what is no outbox
    client = session.client(outbox=path, verify="report", keep=_KEEP)
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
@_directory
@click.option("--output", "target", metavar="FILE", default="-", show_default=True, help="A new file; - is the output.")
@click.option("--kept", is_flag=True, help="The delivered events that OpenMonetize(keep=...) has kept, instead.")
def export(session: Session, directory: str | None, target: str, kept: bool) -> None:
    """Write the refused events as JSON Lines: event, status, reason, at."""
    path = _path(session, directory)
    if kept:
        lines = [json.dumps(json.loads(wire)) for wire in outboxes.kept(path)]
    else:
        lines = [letter.to_json() for letter in outboxes.dead_letters(path)]
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
@click.option("--outbox", "directory", metavar="DIR", envvar=outboxes.OUTBOX_VARIABLE, help="It is made if missing.")
@click.option("--group", metavar="NAME", help="The consumer group. [default: openmonetize]")
@click.option("--dead-letters", metavar="FILE", help="Or kafka:TOPIC. [default: DIR.dead-letters.jsonl]")
@click.option("--config", metavar="FILE", help="More settings of the consumer, name=value, such as sasl.password.")
@click.option("--source", default="kafka", show_default=True, metavar="NAME", help="A part of the events' ids.")
@click.option("--id-field", metavar="NAME", help="The field that is an event's id.")
@click.option("--id-header", metavar="NAME", help="The header that is an event's id.")
@click.option("--from-beginning", is_flag=True, help="Read all; what is billed already is not billed again.")
@click.option("--max-messages", type=click.IntRange(1), metavar="N", help="End after so many.")
def consume(
    session: Session,
    url: str,
    directory: str | None,
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
    path = _named_path(session, directory)
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
    client = session.client(outbox=path)
    code = exit_codes.USAGE
    try:
        source = KafkaSource(
            client,
            consumer,
            topics,
            dead_letters=dead_letters or f"{path.rstrip(os.sep)}.dead-letters.jsonl",
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


def _path(session: Session, directory: str | None) -> str:
    path = _named_path(session, directory)
    if not os.path.isdir(path):
        raise CommandError(f"there is no outbox {path!r}")
    return path


def _named_path(session: Session, directory: str | None) -> str:
    path = directory
    if path is None:
        path = session.account.outbox
    if path is None:
        raise CommandError("which outbox?", hint=f"name its directory, or set {outboxes.OUTBOX_VARIABLE}")
    return path


def _keeping(path: str) -> dict[str, Any]:
    """Return the settings that keep what is accepted, if the outbox's program does so."""
    return {"verify": "report", "keep": _KEEP} if outboxes.is_verified(path) else {}


class _Draining:
    """Delivers what waits in an outbox, and counts it: a part may be delivered before anybody flushes.

    Args:
        session: has the account.
        path: the outbox.

    Attributes:
        client: what delivers.
    """

    def __init__(self, session: Session, path: str) -> None:
        self._accepted = self._duplicate = self._dead = 0
        self._reason: str | None = None
        self.client = session.client(outbox=path, **_keeping(path), on_error=self._failed, on_delivered=self._delivered)

    def _delivered(self, delivered: Delivered) -> None:
        self._accepted += delivered.accepted
        self._duplicate += delivered.duplicate

    def _failed(self, incident: Incident) -> None:
        self._reason = incident.message
        if incident.kind == "dead":
            self._dead += incident.events

    def flush(self, timeout: float) -> int:
        """Deliver, say what was done, and return the exit code."""
        result = self.client.flush(timeout)
        print(
            f"{self._accepted:,} accepted, {self._duplicate:,} duplicates, {self._dead:,} refused, "
            f"{'unknown' if result.left is None else f'{result.left:,}'} left"
        )
        for other in self.client.usage_of_other_keys():
            print(f"{other.events:,} events wait for another key, of {other.base_url}", file=sys.stderr)
        if result.complete and not self._dead:
            return exit_codes.DONE
        if self._reason is not None:
            print(f"the last reason: {self._reason}", file=sys.stderr)
        return exit_codes.NO
