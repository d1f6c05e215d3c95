"""Where somebody else's server may stand: what is an address, and which ones are not used."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

MAX_URL: Final = 500
PORTS: Final = {"http": 80, "https": 443}
LLAMA_PORT: Final = 8080  # where llama-server listens unless it is told otherwise
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HOST: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
# Where clouds tell their machines' secrets, beside 169.254.169.254.
_METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"))
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class WrongAddress(ValueError):
    """Why a text is no address that is connected to, in words."""


@dataclass(frozen=True, slots=True)
class Address:
    scheme: str
    host: str  # a name in lower case, or an IP address without brackets
    port: int
    prefix: str = ""  # of all paths, "/llama"

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}"

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_this_machine(self) -> bool:
        if self.host == "localhost":
            return True
        found = _ip(self.host)
        return found is not None and found.is_loopback


def read_address(text: str) -> Address:
    """`forge:8080`, `https://host/prefix`: http unless it says otherwise. Raises WrongAddress."""
    text = text.strip()
    if not text:
        raise WrongAddress("An address is needed, such as http://192.168.1.20:8080.")
    if len(text) > MAX_URL:
        raise WrongAddress(f"An address has at most {MAX_URL} characters.")
    # One reading decides: whatever other programs might make of a text such as these is not asked.
    if not text.isascii() or not text.isprintable() or any(c in text for c in " \\\"'<>^`{|}%"):
        raise WrongAddress("An address has no blanks, quotes, escapes or letters beyond ASCII.")
    with_scheme = text if _SCHEME.match(text) else f"http://{text}"
    try:
        parts = urlsplit(with_scheme)
        port = parts.port
    except ValueError:
        raise WrongAddress("This is no address: see its port and brackets.") from None
    return _address(parts, port, had_scheme=with_scheme is text)


def _address(parts: SplitResult, port: int | None, *, had_scheme: bool) -> Address:
    if parts.scheme not in PORTS:
        raise WrongAddress("An address begins with http:// or https://.")
    if "@" in parts.netloc:
        raise WrongAddress("An address holds no name and password: the key has a field of its own.")
    if parts.query or parts.fragment or "?" in parts.geturl() or "#" in parts.geturl():
        raise WrongAddress("An address ends with its path: no question mark, no #.")
    if port == 0:
        raise WrongAddress("A port is a number from 1 to 65535.")
    host = _checked_host(parts.hostname or "")
    prefix = parts.path.rstrip("/")
    if prefix.endswith("/v1"):  # as other programs ask for it
        prefix = prefix.removesuffix("/v1")
    if not _PREFIX.fullmatch(prefix) or any(each in (".", "..") for each in prefix.split("/")):
        raise WrongAddress("The path of an address is made of letters, digits and . _ ~ - only.")
    if port is None:
        port = PORTS[parts.scheme] if had_scheme else LLAMA_PORT
    return Address(parts.scheme, host, port, prefix)


def _checked_host(host: str) -> str:
    host = host.lower()
    found = _ip(host)
    if found is not None:
        if why := why_not(found):
            raise WrongAddress(why)
        return str(found)
    host = host.removesuffix(".")
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise WrongAddress("This is no address: the name of the machine is missing or not one.")
    # 127.1, 2130706433, 0x7f.1: numbers that some programs read as an IP address, and others not.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
        raise WrongAddress("An IP address is written as four numbers from 0 to 255.")
    return host


def _ip(host: str) -> IP | None:
    if "%" in host:
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def why_not(ip: IP) -> str:
    """Why nothing is ever sent to this address; empty for one that may be connected to.

    This machine and private networks may: only an administrator attaches servers.
    """
    if isinstance(ip, ipaddress.IPv6Address) and (inner := _inner(ip)) is not None:
        ip = inner
    if ip.is_link_local or ip in _METADATA:
        return f"{ip} is not connected to: such addresses give away a machine's credentials."
    if ip.is_multicast or ip.is_unspecified or ip == ipaddress.ip_address("255.255.255.255"):
        return f"{ip} is the address of no single machine."
    if isinstance(ip, ipaddress.IPv4Address) and ip.is_reserved:
        return f"{ip} is the address of no machine."
    return ""


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that is meant by an IPv6 one."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if int(ip) >> 32 == 0 and int(ip) > 1:  # ::a.b.c.d, as it was once written
        return ipaddress.IPv4Address(int(ip))
    return None


def why_not_text(host: str) -> str:
    """`why_not` of an address as a socket gives it, with or without a scope."""
    found = _ip(host.partition("%")[0])
    return f"{host!r} is no IP address." if found is None else why_not(found)
