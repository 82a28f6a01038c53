"""The way to the platform: URL, proxy, name, TLS."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from urllib.parse import urlsplit

from openmonetize._http.configuration import Configuration, is_loopback
from openmonetize._http.redaction import Secret
from openmonetize._http.transport import proxy_of_environment
from openmonetize.cli.doctor.finding import FAILURE, INFO, OK, WARNING, Finding
from openmonetize.cli.session import Account

_TIMEOUT = 10.0  # seconds
_MIN_VALID_DAYS = 14  # of a certificate
_SLOW = 2.0  # seconds of a look-up


def connection(account: Account) -> Iterator[Finding]:
    """Yield what is found on the way to the platform; it ends where the way does."""
    try:
        url = Configuration(host=account.base_url).host
    except ValueError as error:
        yield Finding("URL", FAILURE, str(error), f"correct {account.url_place}")
        return
    yield Finding("URL", OK, f"{url}, from {account.url_place}")
    proxy = Secret(proxy_of_environment(url))
    if proxy.value:
        parts = urlsplit(proxy.value)  # without its user and password
        yield Finding("proxy", INFO, f"{parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":"))
        return
    yield Finding("proxy", OK, "none")
    host = urlsplit(url).hostname or ""
    port = urlsplit(url).port or (443 if url.startswith("https") else 80)
    yield (name := _name(host, port))
    if name.state == FAILURE:
        return
    if not url.startswith("https"):
        here = is_loopback(url)
        if here:
            yield Finding("TLS", OK, "not needed on this machine")
        else:
            yield Finding("TLS", FAILURE, "not used: the key is not sent in clear text", "use https://")
        return
    yield _tls(host, port)


def _name(host: str, port: int) -> Finding:
    begun = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        text = getattr(error, "strerror", None) or str(error)
        return Finding(
            "DNS", FAILURE, f"{host} is not found: {text}", "correct the URL, or this machine's name servers"
        )
    seconds = time.monotonic() - begun
    addresses = ", ".join(dict.fromkeys(str(address[0]) for *_, address in found))
    if seconds > _SLOW:
        return Finding("DNS", WARNING, f"{addresses}, after {seconds:.1f} s", "look at this machine's name servers")
    return Finding("DNS", OK, addresses)


def _tls(host: str, port: int) -> Finding:
    context = ssl.create_default_context()
    try:
        plain = socket.create_connection((host, port), _TIMEOUT)
        with plain, context.wrap_socket(plain, server_hostname=host) as secure:
            version, certificate = secure.version(), secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Finding(
            "TLS",
            FAILURE,
            f"the certificate is not valid here: {error.verify_message}",
            "if a company's proxy opens connections, name its authority: SSL_CERT_FILE, or Configuration(ssl_ca_cert=)",
        )
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error)
        return Finding("TLS", FAILURE, f"no connection to {host} port {port}: {text}", "look at firewall and proxy")
    ends = ssl.cert_time_to_seconds(str(certificate.get("notAfter", "Jan  1 00:00:00 9999 GMT")))
    days = int((ends - datetime.now(timezone.utc).timestamp()) // 86_400)
    if days < _MIN_VALID_DAYS:
        return Finding("TLS", WARNING, f"{version}, certificate ends in {days} days", "whoever runs it has to renew it")
    return Finding("TLS", OK, f"{version}, certificate valid for {days} days")
