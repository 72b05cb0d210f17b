"""Channels of alerts: e-mail by SMTP, and a webhook with Slack's JSON.

A new channel is a class with ``send`` and a section in the deployment's ``alerts``.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import urlsplit

from orchestration.alerts.alert import Alert
from orchestration.base.errors import PipelineError
from orchestration.base.loopback import is_loopback
from orchestration.config.settings import AlertSettings, Email, Webhook

TIMEOUT_SECONDS = 20


class Sender(Protocol):
    """A channel of alerts."""

    @property
    def name(self) -> str:
        """The name of the channel in messages."""

    def send(self, alert: Alert) -> None:
        """Send the alert.

        Raises:
            PipelineError: sending failed; the message contains no secret.
        """


@dataclass(frozen=True)
class EmailSender:
    """Sends an alert as a plain text e-mail."""

    settings: Email
    name: str = "e-mail"

    def send(self, alert: Alert) -> None:
        """Send the alert to the recipients of alerts."""
        message = EmailMessage()
        message["Subject"] = alert.subject
        message["To"] = ", ".join(self.settings.recipients)
        message.set_content(alert.text)
        self.deliver(message, "alert")

    def deliver(self, message: EmailMessage, what: str) -> None:
        """Send a message through the mail server, encrypted unless ``security`` is none.

        The certificate must be valid for the host before the login is sent; a certificate authority of one's own is
        trusted by ``SSL_CERT_FILE``.

        Args:
            what: what the message is, for the person who must correct a failure.

        Raises:
            PipelineError: sending failed; the message contains no secret.
        """
        settings = self.settings
        message["From"] = settings.sender
        try:
            with self._connected() as server:
                if settings.username and settings.password:
                    server.login(settings.username.value(), settings.password.value())
                server.send_message(message)
        except ssl.SSLCertVerificationError as error:
            raise PipelineError(
                f"The {what} could not be sent by e-mail through {settings.host}:{settings.port}: the certificate of"
                f" the server is not trusted ({error.verify_message}). Nothing was sent, no password either. Correct"
                " alerts.email.host in the deployment's file; for your own certificate authority, set SSL_CERT_FILE to"
                " its file."
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise PipelineError(
                f"The {what} could not be sent by e-mail through {settings.host}:{settings.port} "
                f"({type(error).__name__}). Check alerts.email in the deployment's file, and the mail server."
            ) from error

    def _connected(self) -> smtplib.SMTP:
        """A connection to the mail server, encrypted by a verified certificate unless ``security`` is none."""
        host, port, context = self.settings.host, self.settings.port, ssl.create_default_context()
        if self.settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        try:
            if self.settings.security == "starttls":
                server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


@dataclass(frozen=True)
class WebhookSender:
    """Posts an alert as JSON with a ``text``, the format of Slack and Mattermost."""

    settings: Webhook
    name: str = "webhook"

    def send(self, alert: Alert) -> None:
        """Post the alert once; the address is a secret, because it authorises posting.

        It is sent encrypted, or to this machine, unless ``plain_http`` allows otherwise. Redirects are not followed:
        they could lead to an unencrypted address.
        """
        import requests  # a command that sends nothing starts without it

        address = self.settings.url.value()
        problem = _address_problem(address, allows_http=self.settings.plain_http)
        if problem:
            raise PipelineError(f"The alert was not posted to the webhook of {self.settings.url.env}: {problem}")
        try:
            answer = requests.post(
                address,
                json={"text": _for_slack(f"{alert.subject}\n{alert.text}")},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
            answer.raise_for_status()
            if answer.is_redirect:
                raise requests.TooManyRedirects(response=answer)
        except requests.RequestException as error:
            status = f", status {error.response.status_code}" if error.response is not None else ""
            raise PipelineError(
                f"The alert could not be posted to the webhook of {self.settings.url.env} "
                f"({type(error).__name__}{status}). Check the variable, and the service behind it."
            ) from None


def _address_problem(address: str, *, allows_http: bool) -> str | None:
    """Why nothing may be posted to the address, and the remedy; None if it may. The address is not quoted."""
    try:
        parts = urlsplit(address)
        scheme, host = parts.scheme.lower(), parts.hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in {"http", "https"} or not host:
        return "its value is not an address that begins with https://. Set the variable to the address of the service."
    if scheme == "http" and not allows_http and not is_loopback(host):
        return (
            "its address begins with http://, so everyone on the way could read it and post in your name. Use https://,"
            " or allow it in the deployment's file: alerts.webhook.plain_http: true."
        )
    return None


def _for_slack(text: str) -> str:
    """Escape Slack's three control characters, which would become links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def senders_of(settings: AlertSettings) -> list[Sender]:
    """Return the channels that the deployment has configured."""
    senders: list[Sender] = []
    if settings.email:
        senders.append(EmailSender(settings.email))
    if settings.webhook:
        senders.append(WebhookSender(settings.webhook))
    return senders


def tell(alerts: Sequence[Alert], senders: Sequence[Sender]) -> list[str]:
    """Send every alert through every channel, even if one of them fails.

    Returns:
        The messages of failed channels.
    """
    problems = []
    for alert in alerts:
        for sender in senders:
            try:
                sender.send(alert)
            except PipelineError as error:
                problems.append(str(error))
    return problems
