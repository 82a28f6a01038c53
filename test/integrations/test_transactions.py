"""Usage that commits with the caller's transaction, by each library that people have one in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from openmonetize import ApiTypeError, OpenMonetize

psycopg, sqlalchemy = pytest.importorskip("psycopg"), pytest.importorskip("sqlalchemy")
psycopg2, django = pytest.importorskip("psycopg2"), pytest.importorskip("django")

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

# What a library does: begin, give the connection to a function, and end the transaction, with a commit or not.
Transaction = Callable[[str, Callable[[Any], object], bool], None]


@pytest.fixture
def om(sandbox: Any, database: str) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url, outbox=database) as running:
        yield running


class _Undone(Exception):
    """A business failure."""


def _psycopg(url: str, record: Callable[[Any], object], commit: bool) -> None:
    with psycopg.connect(url) as connection, connection.transaction(force_rollback=not commit):
        record(connection)


def _psycopg2(url: str, record: Callable[[Any], object], commit: bool) -> None:
    connection = psycopg2.connect(url)
    try:
        record(connection)
        connection.commit() if commit else connection.rollback()
    finally:
        connection.close()


def _engine(url: str, driver: str) -> Any:
    return sqlalchemy.create_engine(url.replace("postgresql://", f"postgresql+{driver}://"))


def _connection(driver: str) -> Transaction:
    def run(url: str, record: Callable[[Any], object], commit: bool) -> None:
        engine = _engine(url, driver)
        with engine.connect() as connection:
            record(connection)  # the first that it does: it has to know that a transaction begins
            connection.commit() if commit else connection.rollback()
        engine.dispose()

    return run


def _session(driver: str) -> Transaction:
    def run(url: str, record: Callable[[Any], object], commit: bool) -> None:
        engine = _engine(url, driver)
        with Session(engine) as session:
            record(session)
            session.commit() if commit else session.rollback()
        engine.dispose()

    return run


def _savepoint(url: str, record: Callable[[Any], object], commit: bool) -> None:
    engine = _engine(url, "psycopg")
    with Session(engine) as session, session.begin(), session.begin_nested() as nested:
        record(session)
        if not commit:
            nested.rollback()
    engine.dispose()


def _async_session(url: str, record: Callable[[Any], object], commit: bool) -> None:
    import asyncio

    async def work() -> None:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        async with AsyncSession(engine) as session:
            with pytest.raises(ApiTypeError, match="run_sync"):
                record(session)
            await session.run_sync(record)
            await (session.commit() if commit else session.rollback())
        await engine.dispose()

    asyncio.run(work())


def _django(url: str, record: Callable[[Any], object], commit: bool) -> None:
    from django.db import transaction
    from django.db.utils import load_backend

    parts = psycopg.conninfo.conninfo_to_dict(url)
    settings = {"ENGINE": "django.db.backends.postgresql", "NAME": parts["dbname"], "USER": parts["user"]}
    settings.update(HOST=parts["host"], PORT="", PASSWORD="", OPTIONS={}, TIME_ZONE=None, CONN_MAX_AGE=0)
    settings.update(AUTOCOMMIT=True, ATOMIC_REQUESTS=False, CONN_HEALTH_CHECKS=False, TEST={})
    connection = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, alias="usage")
    from django.db import connections

    connections["usage"] = connection
    try:
        with transaction.atomic(using="usage"):
            record(connection)
            transaction.set_rollback(not commit, using="usage")
    finally:
        connection.close()
        del connections["usage"]


TRANSACTIONS: dict[str, Transaction] = {
    "psycopg": _psycopg,
    "psycopg2": _psycopg2,
    "connection of SQLAlchemy": _connection("psycopg"),
    "connection of SQLAlchemy, psycopg2": _connection("psycopg2"),
    "session of SQLAlchemy": _session("psycopg"),
    "session of SQLAlchemy, psycopg2": _session("psycopg2"),
    "savepoint of SQLAlchemy": _savepoint,
    "asynchronous session of SQLAlchemy": _async_session,
    "Django": _django,
}


@pytest.fixture(autouse=True, scope="module")
def _configured() -> None:
    from django.conf import settings

    if not settings.configured:
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        settings.configure(DATABASES={}, USE_TZ=True)
    django.setup()


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_what_commits_is_billed_and_what_rolls_back_is_not(
    om: OpenMonetize, sandbox: Any, database: str, name: str
) -> None:
    def record(connection: Any) -> None:
        om.track_custom_event(unit_type="page", quantity=1, user_id="acme-ada", feature_id="ocr", connection=connection)

    for commit in (True, False, True):
        TRANSACTIONS[name](database, record, commit)
    assert om.flush(10)
    assert len(sandbox.events()) == 2
    assert om.stats().accepted == om.stats().tracked == 2


def test_another_database_is_refused(om: OpenMonetize) -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(ApiTypeError, match="not to sqlite"):
        om.track_api_call(user_id="acme-ada", feature_id="chat", connection=connection)
