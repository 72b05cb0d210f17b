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

import requests

from orchestration.alerts.alert import Alert
from orchestration.base.errors import PipelineError
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
        """Send the alert through the mail server, encrypted unless ``security`` is none."""
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
                f"({type(error).__name__}). Check alerts.email in the deployment's file, and the mail server."
            ) from error


@dataclass(frozen=True)
class WebhookSender:
    """Posts an alert as JSON with a ``text``, the format of Slack and Mattermost."""

    settings: Webhook
    name: str = "webhook"

    def send(self, alert: Alert) -> None:
        """Post the alert once; the address is a secret, because it authorises posting."""
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
                f"({type(error).__name__}{status}). Check the variable, and the service behind it."
            ) from None


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
