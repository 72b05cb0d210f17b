"""The ways to tell an alert: e-mail by SMTP, and a webhook that takes Slack's JSON.

A new way is a class with ``send`` and an entry in the deployment's ``alerts``.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

import requests

from orchestration.alerts.alert import Alert
from orchestration.base.errors import PipelineError
from orchestration.config.settings import AlertSettings, Email, Webhook

TIMEOUT_SECONDS = 20


class Sender(Protocol):
    """Tells an alert to somebody."""

    @property
    def name(self) -> str:
        """What it is called in a message about it."""

    def send(self, alert: Alert) -> None:
        """Tell the alert.

        Raises:
            PipelineError: it could not be told; the message names no secret.
        """


@dataclass(frozen=True)
class EmailSender:
    """Sends an alert as a plain text e-mail."""

    settings: Email
    name: str = "e-mail"

    def send(self, alert: Alert) -> None:
        """Hand the alert to the mail server, encrypted unless the deployment says otherwise."""
        settings = self.settings
        message = EmailMessage()
        message["Subject"] = alert.subject
        message["From"] = settings.sender
        message["To"] = ", ".join(settings.recipients)
        message.set_content(alert.text)
        connect = smtplib.SMTP_SSL if settings.security == "tls" else smtplib.SMTP
        try:
            with connect(settings.host, settings.port, timeout=TIMEOUT_SECONDS) as server:
                if settings.security == "starttls" and isinstance(server, smtplib.SMTP):
                    server.starttls(context=ssl.create_default_context())
                if settings.username and settings.password:
                    server.login(settings.username.value(), settings.password.value())
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise PipelineError(
                f"The alert could not be sent by e-mail through {settings.host}:{settings.port} "
                f"({type(error).__name__}). Look at alerts.email in the deployment's file and at the mail server."
            ) from error


@dataclass(frozen=True)
class WebhookSender:
    """Posts an alert as JSON with a ``text``, as Slack, Mattermost and many others take it."""

    settings: Webhook
    name: str = "webhook"

    def send(self, alert: Alert) -> None:
        """Post the alert once; the address is a secret, because whoever knows it may post."""
        try:
            answer = requests.post(
                self.settings.url.value(),
                json={"text": _for_slack(f"{alert.subject}\n{alert.text}")},
                timeout=TIMEOUT_SECONDS,
            )
            answer.raise_for_status()
        except requests.RequestException as error:
            status = f", status {error.response.status_code}" if error.response is not None else ""
            raise PipelineError(
                f"The alert could not be posted to the webhook of {self.settings.url.env} "
                f"({type(error).__name__}{status}). Look at that variable and at the service behind it."
            ) from None


def _for_slack(text: str) -> str:
    """Slack reads <...> as links and mentions: its three control characters are escaped, as it asks for."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def senders_of(settings: AlertSettings) -> list[Sender]:
    """The ways that the deployment has set up; none where it names none."""
    senders: list[Sender] = []
    if settings.email:
        senders.append(EmailSender(settings.email))
    if settings.webhook:
        senders.append(WebhookSender(settings.webhook))
    return senders


def tell(alerts: Sequence[Alert], senders: Sequence[Sender]) -> list[str]:
    """Tell every alert in every way.

    A way that fails keeps no other from being tried.

    Returns:
        What could not be told, and why.
    """
    problems = []
    for alert in alerts:
        for sender in senders:
            try:
                sender.send(alert)
            except PipelineError as error:
                problems.append(str(error))
    return problems
