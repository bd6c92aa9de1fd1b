"""Which classes, ports and addresses are tried, and in which order."""

from aiconform.checks.ai_inference.choosing import addresses, candidates, in_url

CLASSES = [{"name": n, "controller": f"{n}/c", "accepted": n != "dead"} for n in
           ("dead", "one", "two", "three", "four")]  # fmt: skip


def test_class_with_a_working_gateway_is_tried_at_its_port() -> None:
    in_use = [{"class": "two", "programmed": True, "ports": [8443]},
              {"class": "one", "programmed": False, "ports": [1]}]  # fmt: skip

    (found,) = candidates(CLASSES, in_use, {})

    assert (found.class_name, found.ports) == ("two", (8443, 80, 8080, 8000))


def test_without_one_three_accepted_classes_are_tried() -> None:
    assert [c.class_name for c in candidates(CLASSES, [], {})] == ["one", "two", "three"]


def test_the_sites_class_and_port_come_first() -> None:
    (found,) = candidates(CLASSES, [], {"gatewayClass": "four", "listenerPort": 81})
    assert (found.class_name, found.ports) == ("four", (81,))


def test_the_sites_class_has_to_be_accepted() -> None:
    assert candidates(CLASSES, [], {"gatewayClass": "dead"}) == ()


def test_addresses_come_from_site_status_and_service() -> None:
    gateway = {"metadata": {"name": "g"}, "status": {"addresses": [{"value": "10.0.0.1"}]}}
    label = "gateway.networking.k8s.io/gateway-name"
    services = [
        {"metadata": {"labels": {label: name}}, "spec": {"clusterIP": ip}}
        for name, ip in (("g", "10.0.0.2"), ("g", "None"), ("other", "10.0.0.3"))
    ]

    found = addresses(gateway, services, {"address": "gw.example.com"})

    assert found == ("gw.example.com", "10.0.0.1", "10.0.0.2")


def test_ipv6_addresses_are_bracketed() -> None:
    assert in_url("fd00::1", 80) == "[fd00::1]:80"
    assert in_url("gw.example.com", 80) == "gw.example.com:80"
