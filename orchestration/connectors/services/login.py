"""How a request to a web service says who asks: dlt's kinds of login, their secrets read from the environment.

No secret is ever part of a message.
"""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import requests
from dlt.sources.helpers.rest_client.auth import (
    APIKeyAuth,
    BearerTokenAuth,
    HttpBasicAuth,
    OAuth2ClientCredentials,
)
from requests.auth import AuthBase

from orchestration.config.settings import Secret
from orchestration.config.web_services import ApiKey, Basic, Bearer, ClientCredentials, Rest
from orchestration.connectors.batch import UnavailableError, UnreadableError

RENEWED_BEFORE_SECONDS = 60
"""A token is renewed so long before it runs out, so that it outlives the request that carries it."""


def origin_of(address: str) -> str:
    """Scheme, host and port: what a login is meant for, and nothing that could be a secret."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def variables_of(rest: Rest) -> str:
    """The environment variables that hold the login, for a message."""
    secrets = [getattr(rest.auth, name) for name in type(rest.auth).model_fields] if rest.auth else []
    return ", ".join(secret.env for secret in secrets if isinstance(secret, Secret)) or "none: the system has no auth"


class OneOrigin(AuthBase):
    """Logs in at the declared service and nowhere else, wherever an answer says that the next page lies."""

    def __init__(self, rest: Rest, session: requests.Session) -> None:
        self.origin = origin_of(rest.url)
        self.login = _login(rest, session)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the login.

        Raises:
            UnreadableError: the request goes elsewhere.
        """
        asked = origin_of(request.url or "")
        if asked != self.origin:
            raise UnreadableError(
                f"the answer names {asked} for the next page, and the login is meant for {self.origin}",
                "If the service moved, change the system's url; else ask its keeper",
            )
        return self.login(request) if self.login else request


def _login(rest: Rest, session: requests.Session) -> AuthBase | None:
    match rest.auth:
        case ApiKey(key=key, name=name, place=place):
            return APIKeyAuth(name=name, api_key=_value(key), location=place)
        case Bearer(token=token):
            return BearerTokenAuth(token=_value(token))
        case Basic(username=username, password=password):
            return HttpBasicAuth(username=_value(username), password=_value(password))
        case ClientCredentials():
            return _Token(rest, rest.auth, session)
    return None


def _value(secret: Secret) -> str:
    value = secret.value()
    if not value.isprintable() or value != value.strip():
        raise UnreadableError(
            f"the environment variable {secret.env} holds a line break or other signs that no request can carry",
            "Set it anew, the secret and nothing else",
        )
    return value


class _Token(OAuth2ClientCredentials):
    """dlt's client credentials, with messages of our own, no redirect, and a token that is one."""

    def __init__(self, rest: Rest, settings: ClientCredentials, session: requests.Session) -> None:
        client_id, client_secret = _value(settings.client_id), _value(settings.client_secret)
        in_header = settings.credentials_in == "header"
        super().__init__(
            access_token_url=settings.token_url,
            client_id=client_id,
            client_secret=client_secret,
            access_token_request_data={"scope": settings.scope} if settings.scope else {},
            session=session,
        )
        self.basic = HttpBasicAuth(username=client_id, password=client_secret) if in_header else None
        self.variables = variables_of(rest)
        self.renewed_at = 0.0

    def obtain_token(self) -> None:
        """Fetch a token.

        Raises:
            UnreadableError: there is none for this login.
            UnavailableError: the token's server is down.
        """
        asked = self.build_access_token_request()
        if self.basic:
            asked["data"] = {key: value for key, value in asked["data"].items() if not key.startswith("client_")}
        place = f"the token's server {origin_of(self.access_token_url)}"
        try:
            answer = self.session.post(self.access_token_url, auth=self.basic, allow_redirects=False, **asked)
        except requests.RequestException as error:
            raise UnavailableError(
                f"{place} does not answer ({type(error).__name__})", "Check auth.token_url, and run again later"
            ) from None
        if answer.status_code == requests.codes.too_many_requests or answer.status_code >= 500:
            raise UnavailableError(f"{place} answers with status {answer.status_code}", "Run again later")
        try:
            token = answer.json()["access_token"] if answer.ok else None
            lasts = float(answer.json().get("expires_in") or self.default_token_expiration) if token else 0
        except (ValueError, TypeError, KeyError):
            token = None
        if not isinstance(token, str) or not token:
            raise UnreadableError(
                f"{place} gives no token (status {answer.status_code})",
                f"Check auth.token_url, auth.scope, and the variables {self.variables}",
            )
        self.access_token = token
        self.renewed_at = time.monotonic() + lasts - RENEWED_BEFORE_SECONDS

    def is_token_expired(self) -> bool:
        """Whether it is time for another token."""
        return time.monotonic() >= self.renewed_at
