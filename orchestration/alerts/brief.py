"""Mails the nightly brief of the published version to the recipients of ``brief.yml``.

Keep out what the brief says (``pages/``) and the mail server (``senders.py``). It has sums only, no personal data.
"""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from orchestration.alerts.senders import EmailSender
from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication

FOLDER, HTML, TEXT = "mail", "brief.html", "brief.txt"


def mail_brief(deployment: Deployment, publication: Publication, run_id: str) -> list[str]:
    """Mail the brief if this run published the current version, and it has one and recipients.

    Returns:
        Why it could not be sent; empty if it was, or if there was nothing to send.
    """
    recipients, server, version = deployment.brief.recipients, deployment.alerts.email, publication.version()
    if not recipients or server is None or version is None or version.manifest.get("run_id") != run_id:
        return []
    folder = version.site / FOLDER
    if not (folder / HTML).is_file():
        return []
    message = message_of(folder)
    message["Subject"] = f"[cx360 {deployment.name}] Brief as of {version.as_of_date.isoformat()}"
    message["To"] = ", ".join(recipients)
    try:
        EmailSender(server).deliver(message, "brief")
    except PipelineError as error:
        return [str(error)]
    return []


def message_of(folder: Path) -> EmailMessage:
    """Return the files of a mail as a message: plain text, and HTML with its pictures inside."""
    html, pictures = (folder / HTML).read_text(encoding="utf-8"), {}
    for picture in sorted(folder.glob("*.png")):
        pictures[picture] = make_msgid(domain="cx360.local")
        html = re.sub(f'src="{re.escape(picture.name)}"', f'src="cid:{pictures[picture][1:-1]}"', html)
    message = EmailMessage()
    message.set_content((folder / TEXT).read_text(encoding="utf-8"))
    message.add_alternative(html, subtype="html")
    related = list(message.iter_parts())[-1]
    for picture, identifier in pictures.items():
        related.add_related(
            picture.read_bytes(), "image", "png", cid=identifier, filename=picture.name, disposition="inline"
        )
    return message
