"""The tables of the database. Times are milliseconds since 1970, credits are whole numbers.

An event's cost is stored in units of 10^-10 US dollars, since the platform keeps ten decimals; sums are exact then.
"""

from __future__ import annotations

# Of the schema. A file with an older version that is in `UPGRADES` is brought up to date; any other one is refused.
VERSION = 3

_CUSTOMERS = """
CREATE TABLE customers (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    tier TEXT NOT NULL,
    status TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    events INTEGER NOT NULL DEFAULT 0
)"""

_USERS = """
CREATE TABLE users (
    pk INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL,
    id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    email TEXT,
    metadata TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    events INTEGER NOT NULL DEFAULT 0,
    credits INTEGER NOT NULL DEFAULT 0,
    UNIQUE (customer, external_id),
    UNIQUE (id, customer)
)"""

_WALLETS = """
CREATE TABLE wallets (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    customer INTEGER NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    team_id TEXT NOT NULL DEFAULT '',
    balance INTEGER NOT NULL DEFAULT 0,
    entries INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (customer, user_id, team_id)
)"""

# Grants and purchases. The burns of a wallet are its rows in `events`; both together are its transactions.
_DEPOSITS = """
CREATE TABLE deposits (
    id TEXT PRIMARY KEY,
    wallet INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    description TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID"""

_DEPOSITS_BY_WALLET = "CREATE INDEX deposits_by_wallet ON deposits (wallet, created_at, entry)"

_GRANT_KEYS = """
CREATE TABLE grant_keys (
    key TEXT PRIMARY KEY,
    customer INTEGER NOT NULL,
    wallet_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    balance INTEGER NOT NULL
) WITHOUT ROWID"""

# `own_key` says that the event's id is also its idempotency key; `idempotency_key` holds any other key.
# An event that burned credits of a wallet has an `entry`, its number among the wallet's transactions, and the balance
# after it.
_EVENTS = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    idempotency_key TEXT,
    own_key INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    batch_id TEXT NOT NULL,
    user_id TEXT,
    team_id TEXT,
    event_type TEXT NOT NULL,
    feature_id TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    image_count INTEGER,
    unit_type TEXT,
    quantity REAL,
    timestamp INTEGER NOT NULL,
    metadata TEXT,
    credits INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    user INTEGER,
    wallet INTEGER,
    entry INTEGER,
    balance INTEGER,
    processed_at INTEGER NOT NULL
)"""

_EVENTS_BY_KEY = "CREATE UNIQUE INDEX events_by_key ON events (idempotency_key) WHERE idempotency_key IS NOT NULL"
_EVENTS_BY_TIME = "CREATE INDEX events_by_time ON events (customer, timestamp)"
_EVENTS_BY_USER = "CREATE INDEX events_by_user ON events (user, timestamp) WHERE user IS NOT NULL"
_BURNS_BY_WALLET = """
CREATE INDEX burns_by_wallet ON events (wallet, processed_at, entry, credits) WHERE entry IS NOT NULL"""

# Events that are accepted and not yet processed. `user_id` says whose wallet pays; `fate` is one of `fates.FATES`.
_QUEUE = """
CREATE TABLE queue (
    seq INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL,
    batch_id TEXT NOT NULL,
    event TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    user_id TEXT,
    fate TEXT
)"""

# `shown_at` is when the platform's own route begins to show it.
_DEAD_LETTERS = """
CREATE TABLE dead_letters (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    customer INTEGER NOT NULL,
    batch_id TEXT NOT NULL,
    event TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    failed_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    shown_at INTEGER NOT NULL DEFAULT 0
)"""

# Sums by hour and by day, written together with the events.
_ROLLUPS = """
CREATE TABLE rollups (
    customer INTEGER NOT NULL,
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    feature_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    events INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    credits INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (customer, span, start, feature_id, event_type, provider, model)
) WITHOUT ROWID"""

_BURNS = """
CREATE TABLE burns (
    wallet INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    credits INTEGER NOT NULL,
    PRIMARY KEY (wallet, hour)
) WITHOUT ROWID"""

# The same credits by the hour of the event's own time.
_USES = """
CREATE TABLE uses (
    wallet INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    credits INTEGER NOT NULL,
    PRIMARY KEY (wallet, hour)
) WITHOUT ROWID"""

_ENTITLEMENTS = """
CREATE TABLE entitlements (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    customer INTEGER NOT NULL,
    user_id TEXT,
    feature_id TEXT NOT NULL,
    limit_type TEXT NOT NULL,
    limit_value INTEGER,
    period TEXT,
    metadata TEXT
)"""

_BURN_TABLES = """
CREATE TABLE burn_tables (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    customer INTEGER,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    rules TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
)"""

_QUOTA = """
CREATE TABLE quota (
    customer INTEGER NOT NULL,
    period TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (customer, period)
) WITHOUT ROWID"""

# How many milliseconds the sandbox's clock is ahead of real time; no row if it was never moved.
_CLOCK = """
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    offset INTEGER NOT NULL
)"""

SCHEMA = (
    _CUSTOMERS,
    _USERS,
    _WALLETS,
    _DEPOSITS,
    _DEPOSITS_BY_WALLET,
    _GRANT_KEYS,
    _EVENTS,
    _EVENTS_BY_KEY,
    _EVENTS_BY_TIME,
    _EVENTS_BY_USER,
    _BURNS_BY_WALLET,
    _QUEUE,
    _DEAD_LETTERS,
    _ROLLUPS,
    _BURNS,
    _ENTITLEMENTS,
    _BURN_TABLES,
    _QUOTA,
    _USES,
    _CLOCK,
)

TABLES = (
    "customers",
    "users",
    "wallets",
    "deposits",
    "grant_keys",
    "events",
    "queue",
    "dead_letters",
    "rollups",
    "burns",
    "entitlements",
    "burn_tables",
    "quota",
    "uses",
    "clock",
)

# By version: what makes it the next one.
UPGRADES: dict[int, tuple[str, ...]] = {
    2: (
        _USES,
        # Times before 1970 are negative, and hours are rounded down.
        "INSERT INTO uses SELECT wallet, timestamp - ((timestamp % 3600000) + 3600000) % 3600000 AS hour, sum(credits)"
        " FROM events WHERE entry IS NOT NULL GROUP BY wallet, hour",
        _CLOCK,
        "ALTER TABLE queue ADD COLUMN user_id TEXT",
        "ALTER TABLE queue ADD COLUMN fate TEXT",
        "ALTER TABLE dead_letters ADD COLUMN shown_at INTEGER NOT NULL DEFAULT 0",
        "UPDATE dead_letters SET shown_at = failed_at",
    ),
}

DROP = tuple(f"DROP TABLE {table}" for table in TABLES)
