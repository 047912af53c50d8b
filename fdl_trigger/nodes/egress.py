"""Where outgoing requests may go, judged by the address that is really connected (not by the name it came from)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from socket import AF_INET, AF_INET6, SOCK_DGRAM, socket

Ip = IPv4Address | IPv6Address

# Where clouds answer whoever asks from inside with credentials; the link-local ones are refused as such.
_METADATA = frozenset(map(ip_address, ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254")))
_NAT64 = IPv6Network("64:ff9b::/96")
_SHARED = ip_network("100.64.0.0/10")
_SITE = ip_network("fec0::/10")


@dataclass(frozen=True, slots=True)
class Egress:
    """What the service lets its requests reach.

    `private_networks`: addresses of the intranet; `loopback`: this machine itself; `own_ports`: where the service
    listens, refused on every address of this machine. A connection with `allowLoopback` opens the last two for the
    host and port of its requests. Link-local and metadata addresses are never reached.
    """

    private_networks: bool = True
    loopback: bool = False
    own_ports: frozenset[int] = frozenset()

    def refusal(self, address: str, port: int, *, trusted: bool = False) -> str | None:
        """Return why this address and port may not be connected, or None. `trusted`: a connection allows loopback."""
        ip = embedded(ip_address(address.partition("%")[0]))
        if ip.is_link_local or ip in _METADATA:
            return f"{ip} is a link-local or metadata address, which is never allowed"
        if ip.is_unspecified or ip.is_multicast or (ip.is_reserved and not ip.is_loopback):
            return f"{ip} is no address of a server"
        if ip.is_loopback:
            return self._loopback_refusal(ip, port, trusted)
        if port in self.own_ports and not trusted and _is_of_this_machine(ip):
            return f"port {port} is this service's own"
        if not self.private_networks and (ip.is_private or ip in _SHARED or ip in _SITE):
            return f"{ip} lies in a private network (private_networks is off in the section outgoing)"
        return None

    def _loopback_refusal(self, ip: Ip, port: int, trusted: bool) -> str | None:
        if trusted:
            return None
        if not self.loopback:
            return f"{ip} is this machine itself; only a connection with allowLoopback = true reaches it"
        return f"port {port} is this service's own" if port in self.own_ports else None


EGRESS = Egress()
"""Where requests may go unless the operator says otherwise."""


def embedded(ip: Ip) -> Ip:
    """Return the IPv4 address an IPv6 address stands for (mapped, compatible, NAT64, 6to4, Teredo), else itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def _is_of_this_machine(ip: Ip) -> bool:
    # Only an address of this machine can be bound.
    with socket(AF_INET if ip.version == 4 else AF_INET6, SOCK_DGRAM) as probe:
        try:
            probe.bind((str(ip), 0))
        except OSError:
            return False
        return True
