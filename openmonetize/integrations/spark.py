"""Usage in a lake: rows become events with the ids of `om.ingest_files`, are priced, delivered and reconciled by Spark.

    events = to_events(frame, customer_id=om.customer_id, preset="litellm-spend-logs")
    rate(events).selectExpr("sum(credits)", "sum(usd)").show()
    results = deliver(events, key_of=lambda account: os.environ["OPENMONETIZE_API_KEY"])
    reconcile(events, platform, "openai", last="7d").differences.show()

Rows are mapped on the executors, by the functions of `openmonetize.files`: the package has to be installed there. An
id derives from what a row says and from its number among equal rows of the whole data frame; the numbers cost one
shuffle. So partitions, their order and retried tasks do not matter, and a row that ``openmonetize ingest`` has sent
before, from CSV or Parquet, has the same id here.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from pyspark.sql import DataFrame, functions as F
from pyspark.sql.types import StructType

from openmonetize._arguments import require_callback
from openmonetize._http.configuration import Configuration
from openmonetize._schema import timestamps
from openmonetize._stores.opening import named_place
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.files.ingest import DEFAULT_SOURCE, MAX_OUTAGE, RATE_SHARE
from openmonetize.integrations import _spark_delivery, _spark_events, _spark_reconcile
from openmonetize.integrations._spark_prices import CHARGE_COLUMNS, charge
from openmonetize.pricing import TEXT_BOOK, PriceBook
from openmonetize.pricing.credits import credits_for_event
from openmonetize.reconcile import Difference, ReconciledRow, Reconciliation
from openmonetize.reconcile.arguments import Sources, by_of, days_of, sources_of, tolerance_of
from openmonetize.reconcile.known_events import ACCEPTED, DEAD
from openmonetize.reconcile.reconcile import (
    DIGITS,
    MAX_BILLING_DELAY,
    REPORTS,
    note_elsewhere,
    read_sources,
    reconciled,
)

if TYPE_CHECKING:
    from openmonetize.providers.usage import TokenPolicy

_LOG = logging.getLogger("openmonetize.spark")


def to_events(
    df: DataFrame,
    *,
    customer_id: str,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, Any] | None = None,
    preset: str | None = None,
    providers: Mapping[str, str] | None = None,
    source: str | None = None,
    id_column: str | None = None,
    token_policy: TokenPolicy = "reported",
    resolve_models: bool = True,
    require_user: bool = False,
) -> DataFrame:
    """Return the events of rows, one row for each.

    Args:
        df: the rows. Of CSV, read texts (no ``inferSchema``). A preset's lists within JSON objects (``data``,
            ``results``) have to be exploded before.
        customer_id: the customer behind the key, as the platform says it: ``om.customer_id``, unless that was named
            by hand. Ids derive from it.
        columns, constants, preset, providers, source, id_column, token_policy: as for ``om.ingest_files``. With an
            id column, the rows of one id differ at most in their events: the one is kept whose event's text is the
            least, since a data frame has no first row.
        resolve_models, require_user: as `OpenMonetize` was told.

    Returns:
        A data frame with these columns, all of them text:

        - ``event_id``: the id that the row has; null if its content gives it none;
        - ``event``: the event as it is sent, in JSON; null if there is none;
        - ``outcome``: ``"event"``, ``"refused"``, ``"left out"`` (no usage) or ``"repeated"`` (another row has its
          id, by the column that identifies rows);
        - ``error``: why it was refused;
        - ``row``: a refused row in JSON, as ``om.ingest_files(rejected=...)`` writes it, ready to be mended.

    Raises:
        ApiTypeError, ApiValueError: an argument is wrong.
        FilesError: a column that is named is not there.
        MissingExtraError: the token policy needs prices, and they are not installed.
    """
    if not isinstance(customer_id, str) or not customer_id:
        raise ApiTypeError(f"customer_id must be a text that is not empty, not {customer_id!r}")
    if source is not None and (not isinstance(source, str) or not source):
        raise ApiValueError(f"source must be a text that is not empty, not {source!r}")
    names = df.columns
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ApiValueError(f"the data frame has the column {twice!r} twice")
    settings = _spark_events.Settings(
        customer_id,
        source or preset or DEFAULT_SOURCE,
        columns,
        constants,
        preset,
        providers,
        id_column,
        token_policy,
        resolve_models,
        require_user,
    )
    return _spark_events.events_of(df, settings)


def rate(events: DataFrame, *, book: PriceBook = TEXT_BOOK, era: str = "current") -> DataFrame:
    """Return events with what each of them burns, by the platform's own arithmetic.

    Args:
        events: of `to_events`, or any data frame with events in JSON in a column ``event``. Its columns are kept.
        book: the platform's prices; by default those of text models, which every installation has.
        era: ``"current"``, or ``"seed"`` for the first release, which bills unknown models nothing.

    Returns:
        The data frame with the columns ``credits`` (whole, rounded up for each event), ``usd`` (US dollars to ten
        decimals) and ``basis``, as `om.estimate_credits` gives them; null where there is no event.

    Raises:
        ApiTypeError, ApiValueError: an argument is wrong.
    """
    credits_for_event({}, book=book, era=era)  # raises if one is wrong
    for name in CHARGE_COLUMNS:
        if name in events.columns:
            raise ApiValueError(f"the data frame already has a column {name!r}")
    schema = StructType(list(events.schema.fields))
    for name, kind in CHARGE_COLUMNS.items():
        schema.add(name, kind)
    return events.mapInArrow(lambda batches: charge(batches, book, era), schema)


def deliver(
    events: DataFrame,
    *,
    key_of: Callable[[str], str],
    account: str | None = None,
    base_url: str | None = None,
    done: DataFrame | None = None,
    rate_share: float = RATE_SHARE,
    max_outage: float = MAX_OUTAGE,
    pace: str | None = None,
) -> DataFrame:
    """Send events now, and return what became of each.

    All events of an account are sent by one task, in requests of 1,000 at the pace of the platform's rate limit, which
    it states in the headers of its answers: a second task of the same account would wait for the first. Accounts are
    sent side by side, as far as there are cores, in ``spark.sql.shuffle.partitions`` partitions. What keeps one account
    from being sent stops no other. A retried task, a second run and a speculative task send the same ids again, which
    the platform does not bill twice.

    Args:
        events: of `to_events`, or any data frame with ``event_id`` and ``event``. Rows without an event are left out.
        key_of: returns the API key of an account. It is called on the executors, once for each account: let it read
            the key there, from the environment or a store of secrets. What it carries along is sent to them by Spark.
        account: the column of the accounts; None: all events are of one, whose name is an empty text.
        base_url: the platform; by default as for `OpenMonetize`, by the environment of the driver.
        done: the results of earlier runs: what the platform has by them is left out, and uses up no rate limit.
        rate_share: the part of the platform's rate limit to use, 0.01 to 1.
        max_outage: seconds of failures after which to give an account up.
        pace: where a fleet shares the rate limit, as for `OpenMonetize`: ``postgresql://...`` or ``redis://...``. It is
            a part of what is sent to the executors, so let them have the password otherwise (``PGPASSWORD``).

    Returns:
        A data frame, kept by Spark (``unpersist()`` frees it), with these columns:

        - ``account``, ``event_id``;
        - ``outcome``: ``"accepted"``; ``"duplicate"`` (the platform had it); ``"taken"`` (it has it now: of a request
          with both kinds it tells only how many); ``"rejected"``; or ``"unsent"``, such as of a wrong key;
        - ``reason``: why it was rejected or not sent;
        - ``duplicates``: at the first event of a request, how many of it the platform had before; else 0.

        Spark computes what it has lost again, and then sends again: write the results before you build on them.

    Raises:
        ApiTypeError, ApiValueError: an argument is wrong.
    """
    require_callback("key_of", key_of)
    for name in ("event_id", "event", *([] if account is None else [account])):
        if name not in events.columns:
            raise ApiValueError(f"the data frame of events has no column {name!r}")
    if isinstance(rate_share, bool) or not isinstance(rate_share, (int, float)) or not 0.01 <= rate_share <= 1:
        raise ApiValueError(f"rate_share must be a part of the rate limit, 0.01 to 1, not {rate_share!r}")
    if isinstance(max_outage, bool) or not isinstance(max_outage, (int, float)) or not max_outage >= 0:
        raise ApiValueError(f"max_outage must be seconds, 0 or more, not {max_outage!r}")
    host = Configuration(host=base_url).host
    named_place("pace", pace)
    settings = _spark_delivery.Settings(key_of, host, float(rate_share), float(max_outage), pace, str(uuid.uuid4()))
    name = F.lit("") if account is None else F.coalesce(F.col(account).cast("string"), F.lit(""))
    waiting = events.where("event IS NOT NULL").select(name.alias("account"), "event_id", "event")
    if done is not None:
        settled = done.where(F.col("outcome").isin(*_spark_delivery.SETTLED)).select("account", "event_id")
        waiting = waiting.join(settled, ["account", "event_id"], "left_anti")
    partitions = int(events.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1)
    # Sorted, so that a retried task sends the same requests.
    sorted_ = waiting.repartition(partitions, "account").sortWithinPartitions("account", "event_id", "event")
    results = sorted_.mapInArrow(lambda batches: _spark_delivery.send(batches, settings), _spark_delivery.schema())
    results = results.persist()
    try:
        _warn_of_unsent(results)
    except BaseException:
        results.unpersist()
        raise
    return results


def _warn_of_unsent(results: DataFrame) -> None:
    """Have the events sent, and log which accounts were not."""
    unsent = results.where(F.col("outcome") == _spark_delivery.UNSENT)
    for row in unsent.groupBy("account").agg(F.count("*").alias("events"), F.first("reason").alias("why")).collect():
        _LOG.warning("%d usage events are not sent: %s", row.events, row.why)


class Reconciled(NamedTuple):
    """A reconciliation as data frames.

    Attributes:
        rows: the three columns, see `ReconciledRow`.
        differences: the reasons, the largest first, see `Difference`.
        result: the same as `om.reconcile` returns it: true if nothing differs by more than the tolerance.
    """

    rows: DataFrame
    differences: DataFrame
    result: Reconciliation


def reconcile(
    recorded: DataFrame,
    platform: DataFrame,
    provider: DataFrame | Sources = None,
    *,
    by: Iterable[str] | str = ("day", "model"),
    last: str | timedelta | None = None,
    start_date: date | str | None = None,
    end_date: date | str | None = None,
    dead_letters: DataFrame | None = None,
    without_wallet: Iterable[str] = (),
    as_of: datetime | str | None = None,
    tolerance: Decimal | float | str = "0.01",
    preset: str | None = None,
    book: PriceBook = TEXT_BOOK,
    resolve_models: bool = True,
) -> Reconciled:
    """Put side by side what was recorded, what the platform billed, and what the provider charges: `om.reconcile`.

    Spark reads, prices, joins and adds up the events. The sums, a few rows a day, model and feature, are judged by the
    same code as of `om.reconcile`, and have the same reasons.

    Args:
        recorded: events in JSON, as they were sent, in a column ``event``: of `to_events`, or an outbox's.
        platform: the platform's list of events, with its fields as columns (``id``, ``timestamp``,
            ``creditsBurned`` or ``credits_burned``, ``costUsd``, ...), as `om.events.iter_list` gives them.
        provider: a data frame with the rows of a provider's report, in the form of an exported file; or what
            `om.reconcile` takes, which the driver reads: ``"openai"``, ``"anthropic"``, paths.
        by, last, start_date, end_date, tolerance, preset: as for `om.reconcile`.
        dead_letters: the events that the platform refused, such as those of `deliver`, in a column ``event``.
        without_wallet: users who have no wallet, so that nobody pays for their usage.
        as_of: when ``platform`` was read; by default now. What was used an hour before, and is not in it, is lost: a
            data frame does not say what was recorded first.
        book: the platform's prices, for models that the usual ones lack.
        resolve_models: as `OpenMonetize` was told.

    Returns:
        Two data frames, and the reconciliation.

    Raises:
        ApiTypeError, ApiValueError: an argument is wrong, or a report cannot be read.
        ApiException, ApiKeyError: the provider does not answer, or there is no admin key.
    """
    spark, chosen, most = recorded.sparkSession, by_of(by), tolerance_of(tolerance)
    span, first, final = days_of(last, start_date, end_date)
    old = (time.time() if as_of is None else timestamps.utc(as_of).timestamp()) - MAX_BILLING_DELAY
    statement = _spark_reconcile.statement_of(resolve_models)
    with localcontext(Context(prec=DIGITS)):
        if isinstance(provider, DataFrame):
            notes = _spark_reconcile.read_report(provider, statement, preset, first, final, resolve_models)
            notes += statement.finish()
        else:
            notes = read_sources(statement, *sources_of(provider, REPORTS), preset, first, final)
        judge = _spark_reconcile.Judge(statement, first, final, book, frozenset(without_wallet))
        known = _spark_reconcile.recorded_of(recorded, ACCEPTED, judge)
        if dead_letters is not None:
            known = known.union(_spark_reconcile.recorded_of(dead_letters, DEAD, judge))
        stored = _spark_reconcile.stored_of(platform, judge)
        sums, reasons, elsewhere = _spark_reconcile.compared(spark, known, stored, old)
        notes += note_elsewhere(elsewhere)
        result = reconciled(span, chosen, statement, sums, reasons, notes, most)
        return Reconciled(
            _spark_reconcile.frame_of(spark, ReconciledRow, result.rows),
            _spark_reconcile.frame_of(spark, Difference, result.differences),
            result,
        )
