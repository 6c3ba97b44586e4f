"""The guard: which addresses the worker may reach, and that it connects to what it judged."""

import asyncio
import ipaddress

import httpcore2
import pytest

from app.worker.guard import Guard, Refused, is_public
from app.worker.resolver import Resolver


class Wire(httpcore2.AsyncNetworkBackend):
    """Notes where a connection goes, and makes none."""

    def __init__(self):
        self.connected = []

    async def connect_tcp(
        self,
        host,
        port,
        timeout=None,  # noqa: ASYNC109
        local_address=None,
        socket_options=None,
    ):
        self.connected.append((host, port))
        raise httpcore2.ConnectError("noted")


def resolver(*answers):
    """A resolver that gives these lists of addresses, one after the other, and then the last one again."""
    left = list(answers)

    async def resolve(host, port):
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def connect(guard, host="example.com", port=443):
    return asyncio.run(guard.connect_tcp(host, port))


PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:830::200e"]
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reached(address):
    wire = Wire()
    guard = Guard((), public=True, resolve=resolver([address]), backend=wire)
    with pytest.raises(httpcore2.ConnectError, match="noted"):
        connect(guard)
    assert wire.connected == [(address, 443)]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address):
    wire = Wire()
    guard = Guard((), public=True, resolve=resolver([address]), backend=wire)
    with pytest.raises(Refused):
        connect(guard)
    assert wire.connected == []
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("hidden", ["127.0.0.1", "::1", "::ffff:10.0.0.1", "nonsense"])
def test_one_address_that_is_not_public_among_several_is_enough(hidden):
    wire = Wire()
    for addresses in ([hidden, "8.8.8.8"], ["8.8.8.8", hidden]):
        with pytest.raises(Refused):
            connect(Guard((), public=True, resolve=resolver(addresses), backend=wire))
    assert wire.connected == []


def test_a_name_that_changes_its_address_gains_nothing():
    # It is resolved once: the second answer of the resolver is never asked for.
    wire = Wire()
    guard = Guard((), public=True, resolve=resolver(["8.8.8.8"], ["127.0.0.1"]), backend=wire)
    with pytest.raises(httpcore2.ConnectError, match="noted"):
        connect(guard)
    assert wire.connected == [("8.8.8.8", 443)]
    with pytest.raises(Refused):
        connect(guard)
    assert wire.connected == [("8.8.8.8", 443)]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "::1", "[::1]"]
)
def test_no_spelling_of_loopback_is_reached(host):
    wire = Wire()
    with pytest.raises(httpcore2.ConnectError) as refusal:
        connect(Guard((), public=True, resolve=Resolver().resolve, backend=wire), host)
    assert wire.connected == []
    assert "noted" not in str(refusal.value)


@pytest.mark.parametrize("port", [0, 22, 25, 81, 1023])
def test_a_port_of_another_service_is_refused(port):
    wire = Wire()
    with pytest.raises(Refused):
        connect(Guard((), public=True, resolve=resolver(["8.8.8.8"]), backend=wire), port=port)
    assert wire.connected == []


def test_an_allowed_network_is_reached_and_no_other():
    wire = Wire()
    allowed = ("192.168.0.0/16", "fd00::/8")
    for public in (True, False):
        for address in ("192.168.5.5", "fd12::1"):
            guard = Guard(allowed, public=public, resolve=resolver([address]), backend=wire)
            with pytest.raises(httpcore2.ConnectError, match="noted"):
                connect(guard)
        for address in ("10.0.0.1", "::1", "::ffff:192.168.5.5"):
            with pytest.raises(Refused):
                connect(Guard(allowed, public=public, resolve=resolver([address]), backend=wire))
    # Without TLS the allowed networks alone are reached.
    with pytest.raises(Refused):
        connect(Guard(allowed, public=False, resolve=resolver(["8.8.8.8"]), backend=wire))


def test_a_name_without_an_address_is_no_refusal():
    async def nothing(host, port):
        raise OSError

    with pytest.raises(httpcore2.ConnectError) as error:
        connect(Guard((), public=True, resolve=nothing, backend=Wire()))
    assert not isinstance(error.value, Refused)
