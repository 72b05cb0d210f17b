"""Logins of web services: dlt's authentication classes with secrets from the environment.

No message contains a secret.
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
"""Tokens are renewed this long before they expire, so that they do not expire during a request."""


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, without the parts that may contain a secret."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def variables_of(rest: Rest) -> str:
    """Return the names of the login's environment variables, for a message."""
    secrets = [getattr(rest.auth, name) for name in type(rest.auth).model_fields] if rest.auth else []
    return ", ".join(secret.env for secret in secrets if isinstance(secret, Secret)) or "none: the system has no auth"


class OneOrigin(AuthBase):
    """Sends the login to the declared origin only, even if a response names another host for the next page."""

    def __init__(self, rest: Rest, session: requests.Session) -> None:
        self.origin = origin_of(rest.url)
        self.login = _login(rest, session)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the login.

        Raises:
            UnreadableError: the request goes to another origin.
        """
        try:
            origin = origin_of(request.url or "")
        except ValueError:
            raise UnreadableError(
                "the response names a next page whose address cannot be read", "Contact the service's owner"
            ) from None
        if origin != self.origin:
            raise UnreadableError(
                f"the response names {origin} for the next page, but the login is for {self.origin}",
                "If the service moved, change the system's url; otherwise contact its owner",
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
            f"the environment variable {secret.env} contains characters that no request can carry, like a line break",
            "Set it again, to the secret and nothing else",
        )
    return value


class _Token(OAuth2ClientCredentials):
    """dlt's client credentials with a checked token, no redirects, and messages without secrets."""

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
            UnreadableError: the server refuses the login, or its response has no token.
            UnavailableError: the token server is down.
        """
        request = self.build_access_token_request()
        if self.basic:
            request["data"] = {key: value for key, value in request["data"].items() if not key.startswith("client_")}
        server = f"the token server {origin_of(self.access_token_url)}"
        try:
            response = self.session.post(self.access_token_url, auth=self.basic, allow_redirects=False, **request)
        except requests.RequestException as error:
            raise UnavailableError(
                f"{server} does not answer ({type(error).__name__})", "Check auth.token_url, and run again later"
            ) from None
        if response.status_code == requests.codes.too_many_requests or response.status_code >= 500:
            raise UnavailableError(f"{server} answers with status {response.status_code}", "Run again later")
        try:
            token = response.json()["access_token"] if response.ok else None
            lasts = float(response.json().get("expires_in") or self.default_token_expiration) if token else 0
        except (ValueError, TypeError, KeyError):
            token = None
        if not isinstance(token, str) or not token:
            raise UnreadableError(
                f"{server} returns no token (status {response.status_code})",
                f"Check auth.token_url, auth.scope, and the variables {self.variables}",
            )
        self.access_token = token
        self.renewed_at = time.monotonic() + lasts - RENEWED_BEFORE_SECONDS

    def is_token_expired(self) -> bool:
        """Whether the token must be renewed."""
        return time.monotonic() >= self.renewed_at
