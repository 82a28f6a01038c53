"""The comparison of what was recorded with what is stored, in the SQL that DuckDB and Spark have in common.

Both sides are tables of `COLUMNS`, one row an event. What the columns ``place`` and ``feature`` hold is the caller's.
"""

from __future__ import annotations

from openmonetize.reconcile.kinds import TOKEN_KINDS

MONEY_DIGITS = (37, 15)  # of an amount, and those after the point: a difference of two has one more before it
MONEY = f"DECIMAL({MONEY_DIGITS[0]}, {MONEY_DIGITS[1]})"
COLUMNS = {
    "number": "BIGINT",
    "id": "VARCHAR",
    "moment": "DOUBLE",
    "place": "INTEGER",
    "feature": "INTEGER",
    "paying": "BOOLEAN",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    **dict.fromkeys(TOKEN_KINDS, "BIGINT"),
    "credits": "BIGINT",
    "exact_usd": MONEY,
    "base_usd": MONEY,
    "provider_usd": MONEY,
    "partial": "BOOLEAN",
    "unpriced": "BOOLEAN",
    "state": "INTEGER",
}

# An event that comes twice is taken once.
_ORDER = "state, number"
_ONCE = """(
    SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY {order}) AS nth FROM {table}) WHERE nth = 1
)"""

# `expected` is what an event should burn, `paid` what somebody pays for it. What is stored and was not recorded here is
# taken as it is stored.
_JOIN = """
WITH once AS {once}, found AS {found}
SELECT
    coalesce(once.place, found.place) AS place,
    coalesce(once.feature, found.feature) AS feature,
    once.id IS NOT NULL AS is_recorded,
    found.id IS NOT NULL AS is_stored,
    once.state AS state,
    once.number < {last} OR once.moment < {old} AS is_late,
    coalesce(once.partial, found.partial) AS partial,
    coalesce(once.unpriced, found.unpriced) AS unpriced,
    once.input_tokens AS recorded_input, once.output_tokens AS recorded_output,
    found.input_tokens AS stored_input, found.output_tokens AS stored_output,
    {kinds},
    coalesce(once.credits, found.credits) AS expected,
    found.credits AS burned,
    CASE WHEN coalesce(once.paying, true) THEN found.credits ELSE 0 END AS paid,
    coalesce(once.exact_usd, found.exact_usd) AS exact_usd,
    coalesce(once.base_usd, found.base_usd) AS base_usd,
    coalesce(once.provider_usd, found.provider_usd) AS provider_usd
FROM once FULL JOIN found ON once.id = found.id
"""

_SUMS = """
SELECT
    place, feature,
    count_if(is_recorded), count_if(is_stored), count_if(partial), count(*),
    sum(recorded_input), sum(recorded_output), sum(stored_input), sum(stored_output), {kinds},
    sum(expected) FILTER (WHERE is_recorded), sum(paid), sum(provider_usd)
FROM {joined} GROUP BY place, feature
"""

# Each reason, the amount in US dollars by which the platform's column is below what is due, and the events with it.
# The provider's part is left out where the provider's report is not known.
_REASONS = """
WITH amounts AS (
    SELECT *, {expected} AS expected_usd, {burned} AS burned_usd, {paid} AS paid_usd FROM {joined}
),
reasons AS (
    SELECT place, feature, expected_usd AS usd,
        CASE WHEN state = 1 THEN 'dead_letters' WHEN is_late THEN 'lost' ELSE 'waiting' END AS reason
    FROM amounts WHERE NOT is_stored
    UNION ALL
    SELECT place, feature, expected_usd - burned_usd, CASE WHEN burned = 0 THEN 'billed_zero' ELSE 'platform_price' END
    FROM amounts WHERE is_stored
    UNION ALL
    SELECT place, feature, burned_usd - paid_usd, 'unfunded' FROM amounts
    UNION ALL
    SELECT place, feature, provider_usd - coalesce(base_usd, provider_usd), 'cache_policy'
    FROM amounts WHERE provider_usd IS NOT NULL
    UNION ALL
    SELECT place, feature, coalesce(base_usd, provider_usd) - exact_usd,
        CASE WHEN unpriced THEN 'unpriced_model' ELSE 'price' END
    FROM amounts WHERE provider_usd IS NOT NULL
    UNION ALL
    SELECT place, feature, exact_usd - expected_usd, 'rounding' FROM amounts WHERE provider_usd IS NOT NULL
)
SELECT place, feature, reason, sum(usd) AS usd, count(*) FROM reasons WHERE usd <> 0 GROUP BY place, feature, reason
"""


def last_stored(recorded: str, stored: str) -> str:
    """Return the query of the largest number of a recorded event that is stored.

    Args:
        recorded: the table of what was recorded.
        stored: the table of what is stored.
    """
    once = _ONCE.format(table=recorded, order=_ORDER)
    return f"SELECT max(once.number) FROM {once} AS once JOIN {stored} AS found ON once.id = found.id"


def join(recorded: str, stored: str, last: int | None, old: float) -> str:
    """Return the query of all events, each with both of its sides.

    Args:
        recorded: the table of what was recorded.
        stored: the table of what is stored.
        last: what was recorded with a smaller number and is not stored is lost, and does not wait. None: numbers say
            nothing about it.
        old: the same, for what was recorded before this time in seconds since 1970.
    """
    return _JOIN.format(
        once=_ONCE.format(table=recorded, order=_ORDER),
        found=_ONCE.format(table=stored, order="number"),
        last="NULL" if last is None else last,
        old=repr(float(old)),
        kinds=", ".join(f"coalesce(once.{kind}, found.{kind}) AS {kind}" for kind in TOKEN_KINDS),
    )


def sums(joined: str) -> str:
    """Return the query of the sums by place and feature, in the order of `openmonetize.reconcile.joining.Sums`."""
    return _SUMS.format(joined=joined, kinds=", ".join(f"sum({kind})" for kind in TOKEN_KINDS))


def reasons(joined: str) -> str:
    """Return the query of why the sides differ: place, feature, reason, US dollars and events."""
    return _REASONS.format(joined=joined, **{name: _usd(name) for name in ("expected", "burned", "paid")})


def elsewhere(joined: str) -> str:
    """Return the query of how many events the platform has that were not recorded here."""
    return f"SELECT count(*) FROM {joined} WHERE NOT is_recorded"


def _usd(credits: str) -> str:
    return f"CAST(coalesce({credits}, 0) * CAST(0.001 AS DECIMAL(4, 3)) AS {MONEY})"
