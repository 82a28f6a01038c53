"""The known defects of the platform's servers, as measured, each with a name by which it is switched on.

``contract`` mode has none of them; ``faithful`` mode has all, or those that the user names. Defects that would
break the isolation between customers are left out: the sandbox never reproduces a security hole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from openmonetize.exceptions import ApiValueError

TRANSACTIONS_PAGING = "transactions-paging"
FRACTIONAL_PAGE = "fractional-page"
CALCULATE_500 = "calculate-500"
RATING_PREFIX_404 = "rating-prefix-404"
BURN_TABLE_SPELLING = "burn-table-spelling"
NEGATIVE_BURN_RATE = "negative-burn-rate"
COLON_SPLIT = "colon-split"
LIMIT_ZERO_NULL = "limit-zero-null"
SUMMARY_500 = "summary-500"
FRACTION_500 = "fraction-500"
GRANTS_COLLIDE = "grants-collide"
GRANTS_OVERWRITE = "grants-overwrite"
UNSTORABLE_500 = "unstorable-500"
TEAMS_UNKNOWN = "teams-unknown"
FEATURE_ACCESS_LOST = "feature-access-lost"
USER_ID_CLASH = "user-id-clash"
PROVIDER_500 = "provider-500"
DEAD_LETTERS_LATE = "dead-letters-late"
ENTITLEMENT_ROW = "entitlement-row"
ENTITLEMENT_USER_500 = "entitlement-user-500"
PERIOD_STICKS = "period-sticks"
BULK_500 = "bulk-500"
SEED_UNKNOWN_USER = "seed-unknown-user"
SEED_TRANSACTIONS_500 = "seed-transactions-500"
SEED_NULL_LIMIT_500 = "seed-null-limit-500"
SEED_EVENT_TYPES = "seed-event-types"
SEED_INGEST_KEY = "seed-ingest-key"

DEFECTS: Mapping[str, str] = {
    TRANSACTIONS_PAGING: "any limit or offset on the transactions of a user is answered 400",
    FRACTIONAL_PAGE: "a fractional limit or offset of the event list is taken, and echoed",
    CALCULATE_500: "every successful rating calculation is answered 500",
    RATING_PREFIX_404: "burn tables and four analytics routes are answered 404",
    BURN_TABLE_SPELLING: "a burn table made through the API prices nothing: its credits come back null",
    NEGATIVE_BURN_RATE: "burn rates are negative, so there is never a run-out date",
    COLON_SPLIT: "analytics cut a model name at its first colon",
    LIMIT_ZERO_NULL: "an entitlement limit of 0 is echoed as null",
    SUMMARY_500: "the analytics summary is answered 500 once an event exists (seed era)",
    FRACTION_500: "a fractional or too large credit amount or limit is answered 500, leaving an empty wallet behind",
    GRANTS_COLLIDE: "of grants that overlap in time with one new key, or as a new user's first, all but one are 500",
    GRANTS_OVERWRITE: "of grants to one wallet that overlap in time each is answered 200, and only the last one counts",
    UNSTORABLE_500: "text that a database cannot hold (NUL, lone surrogate) is answered 500 instead of 400",
    TEAMS_UNKNOWN: "no team exists: team grants are answered 500 and events with a team are lost",
    FEATURE_ACCESS_LOST: "FEATURE_ACCESS events are accepted and lost",
    USER_ID_CLASH: "a user id that another customer uses, or that was created beforehand, cannot be credited or billed",
    PROVIDER_500: "an unknown provider, together with a model, makes an entitlement check or an analytics filter fail",
    DEAD_LETTERS_LATE: "a lost event shows up minutes later, with a hundred others and without its reason",
    ENTITLEMENT_ROW: "the oldest entitlement of a feature governs everybody, even if it was made for one user",
    ENTITLEMENT_USER_500: "an entitlement for a user id that is not the platform's own is answered 500",
    PERIOD_STICKS: "the period of an entitlement cannot be cleared",
    BULK_500: "one unknown model makes a whole bulk calculation fail with 500",
    SEED_UNKNOWN_USER: "user ids nobody created are answered 500 and their events are lost (seed era)",
    SEED_TRANSACTIONS_500: "the transactions of a user are answered 500 (seed era)",
    SEED_NULL_LIMIT_500: "creating an entitlement with a limit of null is answered 500 (seed era)",
    SEED_EVENT_TYPES: "image and custom events are answered 400 (seed era)",
    SEED_INGEST_KEY: "the event routes want the key in X-API-Key, whatever Authorization says (seed era)",
}


def defects_for(mode: str, names: Iterable[str] | None = None) -> frozenset[str]:
    """Return the defects of a mode.

    Args:
        mode: ``"contract"`` or ``"faithful"``.
        names: only these, of `DEFECTS`, instead of all; for faithful mode.

    Raises:
        ApiValueError: there is no such mode or defect, or contract mode is to have defects.
    """
    if mode not in ("contract", "faithful"):
        raise ApiValueError(f"mode must be 'contract' or 'faithful', not {mode!r}")
    if names is None:
        return frozenset(DEFECTS) if mode == "faithful" else frozenset()
    chosen = frozenset(names)
    if mode == "contract" and chosen:
        raise ApiValueError("contract mode has no defects; use mode='faithful' with the names of those you want")
    unknown = sorted(chosen - set(DEFECTS))
    if unknown:
        raise ApiValueError(f"unknown defect {unknown[0]!r}; the known ones are {', '.join(sorted(DEFECTS))}")
    return chosen
