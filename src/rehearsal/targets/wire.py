"""One bounded POST of JSON, and what its failure means; for Odoos that exist already."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from rehearsal.errors import EnvironmentNotReady

CALL_SECONDS = 30.0
ANSWER_LIMIT = 16 * 1024**2
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Refusal(Exception):
    """The server understood and said no; *status* is HTTP's."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow nobody: a redirected POST loses its body, and a key must not go to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def post(url: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
    """Send *body* to *url* + *path* and return the JSON that comes back, within CALL_SECONDS per read.

    Raises `Refusal` for an answer with an error status that holds JSON, `EnvironmentNotReady` when no
    Odoo is there.
    """
    request = urllib.request.Request(  # noqa: S310  the caller checked that it's http or https
        url + path, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}
    )
    handlers: list[Any] = [NoRedirects()]
    if urlsplit(url).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=CALL_SECONDS) as answer:
            return json.loads(answer.read(ANSWER_LIMIT))
    except urllib.error.HTTPError as error:
        raise meaning(url, error) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise EnvironmentNotReady(
                f"{url} shows a certificate that this machine doesn't trust ({error.reason.verify_message}); "
                "set SSL_CERT_FILE to the file of the authority that signed it"
            ) from error
        raise unreachable(url, error.reason) from error
    except (OSError, HTTPException) as error:
        raise unreachable(url, error) from error
    except ValueError as error:
        raise EnvironmentNotReady(f"{url} answers, but not as an Odoo; correct the URL") from error


def unreachable(url: str, reason: object) -> EnvironmentNotReady:
    """Return the error for a server that can't be reached."""
    if isinstance(reason, ssl.SSLError):
        return EnvironmentNotReady(f"{url} does not speak TLS ({reason.reason or reason}); write http:// if it is meant so")
    return EnvironmentNotReady(f"no server answers at {url} ({reason}); correct the URL, or start it")


def meaning(url: str, error: urllib.error.HTTPError) -> Exception:
    """Return what an error status stands for."""
    if error.code in (301, 302, 303, 307, 308):
        place = urlsplit(error.headers.get("Location", ""))
        return EnvironmentNotReady(
            f"{url} sends callers on to {place.scheme}://{place.netloc}{place.path}; use the URL that answers itself"
        )
    try:
        told = json.loads(error.read(ANSWER_LIMIT))
    except (ValueError, OSError):
        told = None
    if isinstance(told, dict):
        return Refusal(error.code, str(told.get("name", "")), str(told.get("message", "")))
    if error.code >= 500:
        return EnvironmentNotReady(f"{url} fails with HTTP {error.code}; see its log, or correct the URL if this is no Odoo")
    return Refusal(error.code, "", error.reason)
