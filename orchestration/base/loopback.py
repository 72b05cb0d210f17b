"""Whether a host name is this machine itself: what is sent there needs no encryption, and who asks there is local."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Return whether ``host`` is ``localhost`` or a loopback address, with or without the brackets of IPv6."""
    name = (host or "").lower().removeprefix("[").removesuffix("]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
