"""Loads usage files: reads, maps and identifies rows, and sends their events."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Callable

from openmonetize._arguments import require, require_callback
from openmonetize.events.key_owners import find_owner
from openmonetize.exceptions import ApiValueError, OpenApiException
from openmonetize.files.checkpoint import Checkpoint
from openmonetize.files.dry_run import look_up_wallets, quota_left
from openmonetize.files.encoding import EventEncoder
from openmonetize.files.errors import FilesError
from openmonetize.files.expressions import compiled
from openmonetize.files.identity import RowIds
from openmonetize.files.mapping import RowMapping
from openmonetize.files.preparation import Preparation, Prepared
from openmonetize.files.reading import FORMATS
from openmonetize.files.rejected_rows import RejectedRows
from openmonetize.files.report import FilesProgress, FilesReport, by_model, requests_for
from openmonetize.files.row_policy import RowPolicy
from openmonetize.files.row_report import RowReport
from openmonetize.files.sending import Sending
from openmonetize.files.sources import STANDARD_INPUT, FilePath, Source, find_sources
from openmonetize.pricing import PriceBook
from openmonetize.pricing.credits import event_cost
from openmonetize.pricing.model_names import ModelNames
from openmonetize.providers.policy import REPORTED

if TYPE_CHECKING:
    from openmonetize.client.openmonetize import OpenMonetize
    from openmonetize.providers.usage import TokenPolicy

DEFAULT_SOURCE = "files"
# The part of the rate limit that is used: the rest is left to the application's own calls, such as checks.
RATE_SHARE = 0.9
NO_USER = "user_id is missing, and OpenMonetize(require_user=True) sends nothing without"
MAX_OUTAGE = 300.0  # seconds of failures after which a run ends
_PROGRESS_INTERVAL = 0.2  # seconds
_MAX_USERS = 100_000  # that are counted


class FilesIngest:
    """One run.

    Args:
        om: the client.
        sources: the files.
        source: the name of where the rows come from.
        mapping: computes the fields of events.
        names: the names under which models are billed.
        prices: the platform's prices.
        require_user: refuse rows without a user.
        format: of the files.
        dry_run: send nothing.
        rejected: path for the refused rows.
        row_report: path for what becomes of each row.
        checkpoint: path for the ids of what was sent.
        rate_share: the part of the rate limit to use.
        max_outage: seconds of failures after which to give up.
        on_progress: called with a `FilesProgress` from time to time.
        id_column: the column that identifies rows; by default the preset's.
        token_policy: which tokens are billed.
    """

    def __init__(
        self,
        om: OpenMonetize,
        sources: list[Source],
        source: str,
        mapping: RowMapping,
        *,
        names: ModelNames,
        prices: Callable[[], PriceBook],
        require_user: bool,
        format: str | None,
        dry_run: bool,
        rejected: FilePath | None,
        row_report: FilePath | None,
        checkpoint: FilePath | None,
        rate_share: float,
        max_outage: float,
        on_progress: Callable[[FilesProgress], object] | None,
        id_column: str | None,
        token_policy: TokenPolicy,
    ) -> None:
        self._om = om
        self._sources = sources
        self._mapping = mapping
        self._policy = None if token_policy == REPORTED else RowPolicy(token_policy, calls=not mapping.sums)
        self._format = format
        self._id_column, self._id_required = id_column or mapping.id_column, id_column is not None
        self._rejected = None if rejected is None else RejectedRows(rejected)
        self._row_report = None if row_report is None else RowReport(row_report)
        self._checkpoint_path = checkpoint
        self._checkpoint: Checkpoint | None = None
        self._rate_share, self._max_outage = rate_share, max_outage
        self._on_progress, self._progress_at = on_progress, 0.0
        self._names, self._prices, self._require_user = names, prices, require_user
        self._billed: tuple[str | None, bool] = (
            None,
            True,
        )  # the name of the last row's model, and whether it is priced
        self._users: Counter[str] = Counter()
        self._sending: Sending | None = None
        self._bytes_before = 0  # of files that were read
        self._file: Any = None
        self._bytes_total = _total_size(sources)
        self.report = FilesReport(source=source, id_column=self._id_column, dry_run=dry_run, rate_share=rate_share)

    def run(self) -> FilesReport:
        """Do it.

        Raises:
            FilesError: a file cannot be read or written.
            ApiException: the platform refuses the account, or failed for too long. ``report`` of the error says how far
                it came.
        """
        om, report = self._om, self.report
        with ExitStack() as closed:
            written = [file for file in (self._rejected, self._row_report) if file is not None]
            closed.callback(_close_all, written)
            customer_id = self._customer()
            if self._checkpoint_path is not None and not report.dry_run:
                host = om.configuration.host
                self._checkpoint = Checkpoint(self._checkpoint_path, host, customer_id, report.source)
                closed.callback(self._checkpoint.close)
            encoder = EventEncoder(self._names)
            ids = RowIds(customer_id, report.source, self._id_column, self._id_required)
            preparation = Preparation(ids, self._mapping, encoder, self._format, self._policy)
            try:
                rows = self._counted(preparation.prepare(self._sources), encoder)
                if report.dry_run:
                    self._dry_run(rows)
                else:
                    self._send(rows)
                for file in written:
                    file.close()  # which writes: here a full disk is still an error of the run
            except OpenApiException as error:
                vars(error)["report"] = report
                raise
            finally:
                report.rejected_files = [] if self._rejected is None else list(self._rejected.paths)
                report.users = len(self._users)
                report.no_list_price = {} if self._policy is None else dict(self._policy.unpriced)
            self._progress(True)
        return report

    def _customer(self) -> str:
        """Return the customer, by the platform's word if it gives one: a name given by hand may be a placeholder."""
        if not self._om.enabled:
            return self._om.configuration.id_namespace or "disabled"
        owner = find_owner(self._om.api_client, {}).customer_id
        return owner or self._om.customer_id

    def _send(self, rows: Iterator[Prepared]) -> None:
        sending = Sending(
            self._om.api_client, self._rate_share, self._max_outage, self._progress, self._om._recorder.pace()
        )
        self._sending = sending
        try:
            sending.send(rows, self._taken, self._refused)
        finally:
            self.report.requests, self.report.quota = sending.requests, sending.quota

    def _dry_run(self, rows: Iterator[Prepared]) -> None:
        report = self.report
        book, report.credits = self._prices(), 0
        for prepared in rows:
            report.sent += 1
            fields = {**prepared.fields, "provider": str(prepared.fields.get("provider", "")).upper()}
            fields["model"] = self._billed[0]
            report.credits += event_cost(fields, book, "current", None)[0]
            self._noted(prepared, "would be sent")
        report.requests = requests_for(report.sent)
        if self._om.enabled:
            report.wallets = look_up_wallets(self._om, self._users)
            report.quota = quota_left(self._om)

    def _counted(self, rows: Iterable[Prepared], encoder: EventEncoder) -> Iterator[Prepared]:
        """Yield the rows that are to be sent, and count all."""
        report, checkpoint, users = self.report, self._checkpoint, self._users
        for prepared in rows:
            report.rows += 1
            if not report.rows & 255:
                self._follow(prepared.file)
            if prepared.refused is not None:
                self._refused(prepared, prepared.refused)
                continue
            if prepared.repeated:
                report.repeated += 1
                self._noted(prepared, "repeated")
                continue
            if not prepared.wire:
                report.skipped += 1
                self._noted(prepared, "left out")
                continue
            if checkpoint is not None and checkpoint.has(prepared.event_id):
                report.already_sent += 1
                self._noted(prepared, "sent by an earlier run")
                continue
            fields = prepared.fields
            user = fields.get("user_id")
            if user is None:
                if self._require_user:
                    self._refused(prepared, NO_USER)
                    continue
                report.no_user += 1
            elif user in users or len(users) < _MAX_USERS:
                users[user] += 1
            self._billed = encoder.billed_as(fields)
            if not self._billed[1]:
                model = by_model(fields["provider"], fields["model"])
                report.unpriced[model] = report.unpriced.get(model, 0) + 1
            yield prepared

    def _taken(self, rows: list[Prepared], duplicates: int) -> None:
        self.report.sent += len(rows) - duplicates
        self.report.duplicates += duplicates
        if self._checkpoint is not None:
            self._checkpoint.add(row.event_id for row in rows)
        if self._row_report is not None:
            for row in rows:
                self._noted(row, "sent")
        self._progress()

    def _refused(self, prepared: Prepared, reason: str) -> None:
        self.report.refuse(prepared.file.name, prepared.row.number, reason)
        if self._rejected is not None:
            self._rejected.add(prepared, reason)
        self._noted(prepared, "refused", reason)

    def _noted(self, prepared: Prepared, outcome: str, reason: str | None = None) -> None:
        if self._row_report is not None:
            self._row_report.add(prepared, outcome, reason)

    def _follow(self, file: Any) -> None:
        if file is not self._file:
            self._bytes_before += 0 if self._file is None else self._file.position()
            self._file = file
        self._progress()

    def _progress(self, last: bool = False) -> None:
        if self._on_progress is None:
            return
        now = time.monotonic()
        if not last and now - self._progress_at < _PROGRESS_INTERVAL:
            return
        self._progress_at = now
        report = self.report
        read = self._bytes_before + (0 if self._file is None else self._file.position())
        self._on_progress(
            FilesProgress(
                report.rows,
                report.sent,
                report.duplicates + report.already_sent,
                report.refused,
                (self._bytes_total or read) if last else read,
                self._bytes_total,
                "" if self._sending is None else self._sending.waiting,
            )
        )


def ingest_files(
    om: OpenMonetize,
    paths: FilePath | Iterable[FilePath],
    *,
    names: ModelNames,
    prices: Callable[[], PriceBook],
    require_user: bool,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, Any] | None = None,
    preset: str | None = None,
    providers: Mapping[str, str] | None = None,
    source: str | None = None,
    id_column: str | None = None,
    format: str | None = None,
    dry_run: bool = False,
    rejected: FilePath | None = None,
    row_report: FilePath | None = None,
    checkpoint: FilePath | None = None,
    rate_share: float = RATE_SHARE,
    max_outage: float = MAX_OUTAGE,
    on_progress: Callable[[FilesProgress], object] | None = None,
    token_policy: TokenPolicy = "reported",
) -> FilesReport:
    """Load usage files; see `OpenMonetize.ingest_files`."""
    for name, value in (("columns", columns), ("constants", constants), ("providers", providers)):
        if value is not None:
            require(name, value, Mapping, "a mapping, such as a dict")
    for name, path in (("rejected", rejected), ("row_report", row_report), ("checkpoint", checkpoint)):
        if path is not None:
            require(name, path, (str, os.PathLike), "a path")
            if not os.fspath(path) or os.path.isdir(path) or not os.path.isdir(os.path.dirname(os.path.abspath(path))):
                raise FilesError(f"{name}={os.fspath(path)!r} is no place for a file")
    if format is not None and format not in FORMATS:
        raise ApiValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    if source is not None and (not isinstance(source, str) or not source):
        raise ApiValueError(f"source must be a text that is not empty, not {source!r}")
    if id_column is not None:
        compiled(id_column)  # raises if it is no column and no expression
    if isinstance(rate_share, bool) or not isinstance(rate_share, (int, float)) or not 0.01 <= rate_share <= 1:
        raise ApiValueError(f"rate_share must be a part of the rate limit, 0.01 to 1, not {rate_share!r}")
    if isinstance(max_outage, bool) or not isinstance(max_outage, (int, float)) or not max_outage >= 0:
        raise ApiValueError(f"max_outage must be seconds, 0 or more, not {max_outage!r}")
    if on_progress is not None:
        require_callback("on_progress", on_progress)
    run = FilesIngest(
        om,
        find_sources(paths),
        source or preset or DEFAULT_SOURCE,
        RowMapping(columns, constants, preset, providers),
        names=names,
        prices=prices,
        require_user=require_user,
        format=format,
        dry_run=dry_run or not om.enabled,
        rejected=rejected,
        row_report=row_report,
        checkpoint=checkpoint,
        rate_share=float(rate_share),
        max_outage=float(max_outage),
        on_progress=on_progress,
        id_column=id_column,
        token_policy=token_policy,
    )
    return run.run()


def _close_all(files: list[RejectedRows | RowReport]) -> None:
    for file in files:
        with suppress(FilesError):  # what ended the run is raised already
            file.close()


def _total_size(sources: list[Source]) -> int | None:
    """Return the bytes of all files as they are stored; None if that is not known."""
    try:
        sizes = [os.path.getsize(source.name) for source in sources if source.name != STANDARD_INPUT]
    except OSError:
        return None
    return sum(sizes) if len(sizes) == len(sources) and all(sizes) else None
