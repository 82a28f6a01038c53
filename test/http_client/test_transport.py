"""One connection pool for threads and processes, closed connections and redirects."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest

from openmonetize import (
    ApiClient,
    ApiConnectionError,
    ApiException,
    ApiTimeoutError,
    CreditsApi,
    DefaultApi,
    EventsApi,
    RedirectException,
)

from .conftest import KEY, MakeClient
from .ledger import Ledger, event
from .loopback import BALANCE, Exchange, Loopback, answer, deaf, hang, message, raw, reset, vanish

PURCHASED = {"data": {"transactionId": "t", "newBalance": 5}}


def closing(body: object, status: int = 200) -> object:
    """Answer with a response that keeps the connection alive, then close the connection."""
    return raw(message(status, body))


# One pool


def test_calls_share_one_connection(server: Loopback, client: ApiClient) -> None:
    for _ in range(10):
        CreditsApi(client).balance()
    assert len(server.requests) == 10
    assert server.connections == 1


def test_api_objects_of_one_client_share_its_pool(server: Loopback, client: ApiClient) -> None:
    CreditsApi(client).balance()
    CreditsApi(client).balance()
    DefaultApi(client).v1_rating_get()
    assert server.connections == 1


def test_errors_give_the_connection_back(server: Loopback, client: ApiClient) -> None:
    server.then(answer(404, {"error": "Not Found"}), answer(429, {}), answer(200, "<html>"))
    with pytest.raises(ApiException):
        CreditsApi(client).balance()
    with pytest.raises(ApiException):
        CreditsApi(client).balance()
    CreditsApi(client).balance()
    assert server.connections == 1


def test_a_client_serves_many_threads(server: Loopback, client: ApiClient) -> None:
    wallets, errors = CreditsApi(client), []

    def work() -> None:
        for _ in range(20):
            try:
                assert wallets.balance().data.balance == 120
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(server.requests) == 320
    assert server.connections <= 16


def test_leaving_the_client_closes_its_connections(server: Loopback, make_client: MakeClient) -> None:
    with make_client(server.url) as client:
        CreditsApi(client).balance()
        assert server.open == 1
    assert server.wait_until(lambda: server.open == 0)
    CreditsApi(client).balance()
    assert server.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_waits_for_no_lock_and_opens_its_own_connection(server: Loopback) -> None:
    program = f"""
import os, signal, sys
from openmonetize import ApiClient, Configuration, CreditsApi, EventsApi, TokenUsageEvent
from openmonetize.events.sent_ids import sent_ids
signal.alarm(20)
client = ApiClient(Configuration({server.url!r}, {{"bearerAuth": {KEY!r}}}))
balance = lambda: CreditsApi(client).balance().data.balance
assert balance() == 120
ids = sent_ids(client.configuration)
(pool,) = [each.pool for each in client.rest_client._routes.values()]
locks = [ids._lock, client.rest_client._lock, pool.pool.mutex]
for lock in locks:
    lock.acquire()  # as another thread might at the time of the fork
for ends_at_once in (True, False):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        if ends_at_once:
            sys.exit()  # urllib3 closes the inherited connections
        for _ in range(5):
            assert balance() == 120
        ids.add({{"an id": 1}})
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0, ends_at_once
for lock in locks:
    lock.release()
for _ in range(5):
    assert balance() == 120
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    by_connection = [sum(request.connection == number for request in server.requests) for number in (1, 2)]
    assert by_connection == [6, 5]


# Connections that the server closed


def test_a_connection_that_was_closed_while_idle_is_no_error(server: Loopback, client: ApiClient) -> None:
    server.default = closing(BALANCE)
    for number in range(1, 6):
        assert CreditsApi(client).balance().data.balance == 120
        assert server.wait_until(lambda: server.open == 0)
        assert len(server.requests) == number


def test_ingest_survives_a_server_that_closes_after_every_answer(server: Loopback, make_client: MakeClient) -> None:
    ledger = Ledger(closes=True)
    server.default = ledger
    events = EventsApi(make_client(server.url, retries=0))
    for number in range(200):
        assert events.ingest(events=[event(input_tokens=number)]).accepted == 1
    assert len(ledger.billed) == 200
    assert ledger.billed_once


def test_purchases_are_sent_once_even_if_the_server_closes_connections(
    server: Loopback, make_client: MakeClient
) -> None:
    server.default = closing(PURCHASED)
    wallets = CreditsApi(make_client(server.url, retries=0))
    for _ in range(200):
        assert wallets.purchase(user_id="u", amount=5, purchase_price=1).data.new_balance == 5
    assert len(server.requests) == 200


def test_purchases_never_use_a_kept_connection(server: Loopback, client: ApiClient) -> None:
    CreditsApi(client).balance()
    server.then(answer(200, PURCHASED))
    CreditsApi(client).purchase(user_id="u", amount=5, purchase_price=1)
    CreditsApi(client).balance()
    assert [request.connection for request in server.requests] == [1, 2, 1]
    assert server.requests[1].headers["connection"] == "close"
    assert server.wait_until(lambda: server.open == 1)


@pytest.mark.parametrize("fault", [reset, vanish])
def test_a_kept_connection_that_breaks_costs_no_attempt(
    fault: object, server: Loopback, make_client: MakeClient
) -> None:
    wallets = CreditsApi(make_client(server.url, retries=0))
    wallets.balance()
    server.then(fault)
    assert wallets.balance().data.balance == 120
    server.then(fault, fault)
    with pytest.raises(ApiConnectionError):
        wallets.balance()


@pytest.mark.parametrize("fault", [reset, vanish])
def test_a_new_connection_that_breaks_is_an_error(fault: object, server: Loopback, make_client: MakeClient) -> None:
    server.then(fault)
    with pytest.raises(ApiConnectionError) as caught:
        CreditsApi(make_client(server.url, retries=0)).balance()
    assert caught.value.status is None
    assert caught.value.request_id == server.last.headers["x-request-id"]
    assert len(server.requests) == 1


def test_an_answer_that_was_not_read_to_its_end_does_not_affect_the_next(server: Loopback, client: ApiClient) -> None:
    for abandoned in (lambda answer: next(answer.stream()), lambda answer: None):
        server.then(answer(200, b"x" * 500_000))
        response = CreditsApi(client).v1_credits_balance_get_without_preload_content()
        abandoned(response)
        response.close()
        assert CreditsApi(client).balance().data.balance == 120


# Servers that cannot be reached


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_refused_connection_is_an_api_exception(make_client: MakeClient) -> None:
    host = f"http://127.0.0.1:{unused_port()}"
    with pytest.raises(ApiConnectionError, match=f"cannot connect to {host}") as caught:
        CreditsApi(make_client(host)).balance()
    error = caught.value
    assert (error.status, error.body, error.data, dict(error.headers)) == (None, None, None, {})
    assert error.request_id


@pytest.mark.parametrize("host", ["http://nowhere.invalid", "http://a..b", f"http://{'a' * 70}.invalid"])
def test_a_name_that_does_not_resolve_is_an_api_exception(host: str, make_client: MakeClient) -> None:
    with pytest.raises(ApiConnectionError):
        CreditsApi(make_client(host, allow_http=True, retries=0, timeout=20)).balance()


def test_a_server_that_never_answers_is_a_timeout(server: Loopback, client: ApiClient) -> None:
    server.default = hang
    with pytest.raises(ApiTimeoutError, match="timed out waiting") as caught:
        CreditsApi(client).balance(_request_timeout=0.2)
    assert caught.value.status is None


def test_a_connection_that_cannot_be_made_in_time_is_a_timeout(make_client: MakeClient) -> None:
    with deaf(("127.0.0.1", 0)) as port:
        client = make_client(f"http://127.0.0.1:{port}")
        with pytest.raises(ApiTimeoutError):
            CreditsApi(client).balance(_request_timeout=0.3)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirects_are_errors_that_name_the_target(
    status: int, method: str, server: Loopback, elsewhere: Loopback, client: ApiClient
) -> None:
    target = f"{elsewhere.url}/stolen"
    server.default = answer(status, HTML_MOVED, location=target)
    call = CreditsApi(client).balance if method == "GET" else lambda: EventsApi(client).ingest(events=[event()])
    with pytest.raises(RedirectException) as caught:
        call()
    error = caught.value
    assert error.status == status
    assert error.location == target
    assert target in str(error)
    assert error.body == HTML_MOVED
    assert len(server.requests) == 1
    assert elsewhere.connections == 0


HTML_MOVED = "<a href='/elsewhere'>moved</a>"


def test_a_redirect_without_a_target_is_an_error_too(server: Loopback, client: ApiClient) -> None:
    server.default = answer(304, None)
    with pytest.raises(RedirectException) as caught:
        CreditsApi(client).balance()
    assert caught.value.location is None
    assert "None" not in str(caught.value)


@pytest.mark.parametrize("status", [100, 102, 103, 110, 199])
def test_interim_answers_are_not_the_final_one(status: int, server: Loopback, client: ApiClient) -> None:
    def early(exchange: Exchange) -> bool:
        for _ in range(3):
            exchange.send(b"HTTP/1.1 %d Early\r\nLink: </x>\r\nContent-Length: 5\r\n\r\n" % status)
            exchange.pause(0.02)
        exchange.send(message(200, BALANCE))
        return True

    server.then(early)
    assert CreditsApi(client).balance().data.balance == 120
    assert CreditsApi(client).balance().data.balance == 120
    assert server.connections == 1
    assert len(server.requests) == 2


def test_a_switch_of_protocols_is_an_error_and_its_connection_is_not_used_again(
    server: Loopback, client: ApiClient
) -> None:
    server.then(raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", keep=True))
    with pytest.raises(ApiException) as caught:
        CreditsApi(client).balance()
    assert caught.value.status == 101
    assert CreditsApi(client).balance().data.balance == 120
    assert server.connections == 2


def test_informational_answers_chunk_extensions_and_trailers_are_read(server: Loopback, client: ApiClient) -> None:
    def chunked(exchange: Exchange) -> bool:
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b'{"data":', b'{"balance":"7"}}'):
            exchange.send(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece))
        exchange.send(b"0\r\nTrailer: x\r\n\r\n")
        return True

    server.then(chunked)
    assert CreditsApi(client).balance().data.balance == 7
    assert CreditsApi(client).balance().data.balance == 120
    assert server.connections == 1
