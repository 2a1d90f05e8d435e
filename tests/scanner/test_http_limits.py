"""How much one client may ask, told by a clock of the test's own."""

from __future__ import annotations

import pytest

from scanner.http.limits import MAX_CLIENTS, Failures, Rate, client_of


def test_a_burst_passes_then_so_many_a_second() -> None:
    rate = Rate(per_s=2, burst=3)
    assert [rate.wait_s("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert rate.wait_s("b", 0.0) == 0
    assert rate.wait_s("a", 0.5) == 0
    assert rate.wait_s("a", 0.5) == 0.5


def test_failures_count_until_they_have_passed() -> None:
    failures = Failures(most=2, window_s=10)
    failures.count("a", 0.0)
    assert failures.wait_s("a", 1.0) == 0
    failures.count("a", 4.0)
    assert failures.wait_s("a", 5.0) == 5
    assert failures.wait_s("b", 5.0) == 0
    assert failures.wait_s("a", 10.0) == 0
    failures.forgive("a")
    failures.count("a", 11.0)
    assert failures.wait_s("a", 11.0) == 0


def test_many_clients_cost_a_bounded_memory() -> None:
    rate, failures = Rate(1, 1), Failures(1, 1)
    for number in range(MAX_CLIENTS + 100):
        rate.wait_s(str(number), 0.0)
        failures.count(str(number), 0.0)
    assert len(rate._known) == len(failures._known) == MAX_CLIENTS


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_client_is_an_address_or_a_network_of_its_own(address: str, client: str) -> None:
    assert client_of(address) == client
