"""Statements on connections of the caller's: of psycopg and psycopg2, SQLAlchemy, Django, by what they can do."""

from __future__ import annotations

import inspect
from typing import Any

from openmonetize._arguments import described
from openmonetize.exceptions import ApiTypeError
from openmonetize.metering.errors import OutboxError

# Types of connections that were looked at, which would take a fifth of the caller's time in this call.
_DRIVERS: set[type] = set()
_TRANSACTION_ROLLBACK = "40"  # the class of serialization failures and deadlocks
_KINDS = "a connection of psycopg or psycopg2, a connection or session of SQLAlchemy, or a connection of Django"


def execute(connection: Any, sql: str, values: tuple[Any, ...]) -> None:
    """Run one statement within the caller's transaction.

    Raises:
        ApiTypeError: it is no connection that can be used.
        OutboxError: the database refuses the statement, and with it the caller's transaction. If it does so because of
            other transactions, the error is the driver's own, which those who repeat transactions wait for.
    """
    kind = "driver" if type(connection) in _DRIVERS else _require_usable(connection)
    try:
        if kind == "sqlalchemy":
            # By its own method: with the driver's it would not know that a transaction has begun, and commit nothing.
            connection = connection.connection() if hasattr(connection, "get_bind") else connection
            connection.exec_driver_sql(sql, values)
        else:
            cursor = connection.cursor()
            try:
                cursor.execute(sql, values)
            finally:
                cursor.close()
    except Exception as error:
        if _sqlstate(error).startswith(_TRANSACTION_ROLLBACK):
            raise
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise OutboxError(
            f"the usage event could not be inserted in your transaction, which has failed: {reason[0]}"
        ) from error


def _sqlstate(error: BaseException) -> str:
    """Return the error's code, of psycopg, psycopg2, or what SQLAlchemy or Django has made of that."""
    for one in (error, getattr(error, "orig", None), error.__cause__):
        code = getattr(one, "sqlstate", None) or getattr(one, "pgcode", None)
        if isinstance(code, str):
            return code
    return ""


def _require_usable(connection: Any) -> str:
    """Return whose connection it is."""
    if hasattr(connection, "sync_session") or hasattr(connection, "sync_connection"):
        raise ApiTypeError(
            "connection is asynchronous: await session.run_sync(lambda session: om.track_...(connection=session))"
        )
    sqlalchemy = hasattr(connection, "exec_driver_sql") or hasattr(connection, "get_bind")
    if not sqlalchemy and not hasattr(connection, "cursor"):
        raise ApiTypeError(f"connection must be {_KINDS}, not {described(connection)}")
    if inspect.iscoroutinefunction(getattr(connection, "execute", None)):
        raise ApiTypeError(f"connection is asynchronous: it must be {_KINDS}")
    if sqlalchemy:
        bind = connection.get_bind() if hasattr(connection, "get_bind") else connection
        database = bind.dialect.name
    else:
        database = getattr(connection, "vendor", "postgresql")  # Django's
    if database != "postgresql":
        raise ApiTypeError(f"connection must be one to PostgreSQL, not to {database}")
    if sqlalchemy:
        return "sqlalchemy"
    _DRIVERS.add(type(connection))
    return "driver"
