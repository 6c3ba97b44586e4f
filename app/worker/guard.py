"""Connections to hosts that users choose: to public addresses, and to networks that the operator allows.

A name is resolved once, each of its addresses is checked, and the connection goes to an address that was
checked. So a name whose address changes in between (DNS rebinding) gains nothing. TLS still checks the name.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore2

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a name. Raises OSError."""

_MAX_TRIED = 4
# The special-purpose registry of IANA, with its entries that are globally reachable but not ordinary hosts.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Global unicast, without Teredo, documentation and 6to4. So mapped addresses and NAT64 are not public either.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


class Refused(httpcore2.ConnectError):
    """The address may not be reached."""


class Guard(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that may be reached, and to no others."""

    def __init__(
        self,
        allowed: Iterable[str],
        *,
        public: bool,
        resolve: Resolve,
        backend: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        """``allowed``: networks beside the public ones; not ``public``: these alone."""
        self._allowed = tuple(ip_network(network) for network in allowed)
        self._public = public
        self._resolve = resolve
        self._backend = backend or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to an address of the host. Raises Refused, or httpcore2.ConnectError and the like."""
        addresses = await self.judge(host, port)
        failed: Exception = httpcore2.ConnectError()
        for address in addresses[:_MAX_TRIED]:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as error:
                failed = error
        raise failed

    async def judge(self, host: str, port: int) -> list[str]:
        """Return the addresses of the host, all of which may be reached.

        Raises Refused; ConnectError where the name has no address; ConnectTimeout where that is not known.
        """
        if port not in (80, 443) and port < 1024:
            raise Refused("the port is not one of 80, 443 and those above 1023")
        try:
            addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("the name servers do not answer") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("the name has no address") from error
        if not addresses or not all(self.permits(address) for address in addresses):
            raise Refused("the address is not public")
        return addresses

    def permits(self, text: str) -> bool:
        """Whether a numeric address may be reached."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if any(address in network for network in self._allowed if network.version == address.version):
            return True
        return self._public and is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address is on the public Internet. The standard library's own answer is asked as well."""
    if isinstance(address, IPv4Address):
        return address.is_global and not _within(address, _NOT_PUBLIC_4)
    return (
        address.is_global
        and address.scope_id is None
        and address in _PUBLIC_6
        and not _within(address, _NOT_PUBLIC_6)
    )


def _within(address: Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)
