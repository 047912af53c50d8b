"""Where requests may go is judged by the address that is connected, for every spelling and after every redirect."""

import gzip
import socket
import zlib

import pytest
from api_server import Reply

from fdl_trigger.domain.records import Connection
from fdl_trigger.nodes.context import Limits
from fdl_trigger.nodes.egress import Egress
from fdl_trigger.nodes.errors import NodeError


def call(bench, url, egress=None, **config):
    bench.limits = Limits(egress=egress or Egress(), request_timeout_s=2)
    return bench.run_node("HTTP_CALL", {"url": url, **config})


@pytest.fixture
def names(monkeypatch):
    """Names that resolve as a test says, one answer a look-up."""
    answers = {}
    real = socket.getaddrinfo

    def resolve(host, port, *rest, **more):
        if host not in answers:
            return real(host, port, *rest, **more)
        address = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return real(address, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answers


LINK_LOCAL = ("169.254.169.254", "169.254.0.1", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe")
METADATA = ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254")
NO_SERVER = ("0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1", "::ffff:0.0.0.0")
LOOPBACK = ("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "2002:7f00:1::", "::127.0.0.1", "64:ff9b::7f00:1")
PRIVATE = ("10.0.0.1", "172.16.5.5", "192.168.1.1", "100.64.0.1", "fc00::1", "fec0::1", "::ffff:10.0.0.1")
PUBLIC = ("93.184.216.34", "2606:2800:220:1::1", "1.1.1.1")


@pytest.mark.parametrize("address", LINK_LOCAL + METADATA + NO_SERVER)
def test_some_addresses_are_never_reached(address):
    everything = Egress(private_networks=True, loopback=True)
    assert everything.refusal(address, 80, trusted=True) is not None


@pytest.mark.parametrize("address", LOOPBACK)
def test_this_machine_is_reached_only_where_it_is_allowed(address):
    assert "this machine" in Egress().refusal(address, 80)
    assert Egress().refusal(address, 80, trusted=True) is None
    assert Egress(loopback=True).refusal(address, 80) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_can_be_switched_off(address):
    assert Egress().refusal(address, 80) is None
    assert "private network" in Egress(private_networks=False).refusal(address, 80)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address):
    assert Egress(private_networks=False).refusal(address, 80) is None


def test_the_port_of_the_service_is_refused_at_every_address_of_this_machine():
    own = Egress(loopback=True, own_ports=frozenset({8068}))
    assert "service's own" in own.refusal("127.0.0.1", 8068)
    assert own.refusal("127.0.0.1", 8069) is None
    assert own.refusal("127.0.0.1", 8068, trusted=True) is None
    assert own.refusal("10.255.255.254", 8068) is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        mine = probe.getsockname()[0]
    assert "service's own" in own.refusal(mine, 8068)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_every_spelling_of_this_machine_is_refused(api, bench, host):
    api.replies["/x"] = {}
    port = api.url.rpartition(":")[2]
    with pytest.raises(NodeError, match=r"requests to .* are refused: .* is this machine itself"):
        call(bench, f"http://{host}:{port}/x")
    assert api.seen == []


@pytest.mark.parametrize("host", ["0", "0.0.0.0", "169.254.169.254", "0xa9fea9fe", "[fe80::1]"])
def test_what_is_never_reached_is_refused_although_loopback_is_allowed(api, bench, host):
    with pytest.raises(NodeError, match="are refused"):
        call(bench, f"http://{host}:80/latest/meta-data", Egress(loopback=True))


def test_a_connection_allows_this_machine(api, bench):
    bench.connections["near"] = Connection("near", "api", {"allowLoopback": True})
    api.replies["/x"] = {}
    call(bench, api.url + "/x", connection="near")
    assert len(api.seen) == 1


def test_a_source_is_guarded_like_a_call(api, bench):
    api.replies["/x"] = [{"id": 1}]
    bench.limits = Limits()
    with pytest.raises(NodeError, match="are refused"):
        bench.run({"url": api.url + "/x"}, target={"mode": "AUTO_CREATE"})
    bench.connections["near"] = Connection("near", "api", {"allowLoopback": True})
    bench.run({"url": api.url + "/x", "connection": "near"}, target={"mode": "AUTO_CREATE"})
    assert len(api.seen) == 1


def test_a_redirect_is_judged_like_any_other_address(api, other_api, bench):
    bench.connections["near"] = Connection("near", "api", {"allowLoopback": True})
    other_api.replies["/x"] = {}
    for place in (other_api.url + "/x", "http://169.254.169.254/latest/meta-data"):
        api.replies["/x"] = Reply(b"", 302, {"Location": place})
        with pytest.raises(NodeError, match="are refused"):
            call(bench, api.url + "/x", connection="near")
    assert other_api.seen == []


def test_a_redirect_within_the_allowed_origin_is_followed(api, bench):
    bench.connections["near"] = Connection("near", "api", {"allowLoopback": True})
    api.replies["/x"] = Reply(b"", 302, {"Location": "/y"})
    api.replies["/y"] = {}
    call(bench, api.url + "/x", connection="near")
    assert [seen.path for seen in api.seen] == ["/x", "/y"]


@pytest.mark.parametrize("place", ["http://[broken/", "http://host:99999/", "file:///etc/passwd", "gopher://x/"])
def test_a_redirect_to_a_broken_or_foreign_address_fails_the_call(api, bench, place):
    api.replies["/x"] = Reply(b"", 302, {"Location": place})
    with pytest.raises(NodeError):
        call(bench, api.url + "/x", Egress(loopback=True))


def test_a_name_that_points_here_is_refused_by_its_address(api, bench, names):
    names["public.example"] = ["127.0.0.1"]
    api.replies["/x"] = {}
    with pytest.raises(NodeError, match=r"requests to public.example are refused: 127\.0\.0\.1"):
        call(bench, api.url.replace("127.0.0.1", "public.example") + "/x")
    assert api.seen == []


def test_a_name_is_resolved_once_for_judging_and_connecting(api, bench, names):
    # A second look-up would lead to this machine; the judged address is the one that is connected.
    names["rebinding.example"] = ["192.0.2.1", "127.0.0.1"]
    api.replies["/x"] = {}
    with pytest.raises(NodeError) as caught:
        call(bench, api.url.replace("127.0.0.1", "rebinding.example") + "/x")
    assert "this machine" not in str(caught.value)
    assert names["rebinding.example"] == ["127.0.0.1"]
    assert api.seen == []


def test_the_name_stays_in_the_host_header(api, bench, names):
    names["intranet.example"] = ["127.0.0.1"]
    api.replies["/x"] = {}
    call(bench, api.url.replace("127.0.0.1", "intranet.example") + "/x", Egress(loopback=True))
    assert api.seen[0].headers["Host"].startswith("intranet.example:")


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("name", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_bomb_is_cut_by_its_decoded_size(api, bench, name, compress, layers):
    content = b"\0" * 30_000_000
    for _ in range(layers):
        content = compress(content)
    api.replies["/x"] = Reply(content, headers={"Content-Encoding": ", ".join([name] * layers)})
    bench.limits = Limits(max_response_bytes=1_000_000, egress=Egress(loopback=True))
    with pytest.raises(NodeError, match="larger than 1000000 bytes"):
        bench.run_node("HTTP_CALL", {"url": api.url + "/x"})


def test_redirects_have_an_end(api, bench):
    api.replies["/x"] = Reply(b"", 302, {"Location": "/x"})
    with pytest.raises(NodeError, match="more than 5 redirects"):
        call(bench, api.url + "/x", Egress(loopback=True))
    assert len(api.seen) == 6
