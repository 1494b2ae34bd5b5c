"""The shop from outside: prices, baskets, orders, and a store that is not open to everybody."""

import json
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.pytest_plugin.handle import EcosystemHandle

TIMEOUT = 5.0


def ask(url: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an answer; a body makes it a POST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data)  # noqa: S310 - the ecosystem's own address
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - the same
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def basket(ecosystem: EcosystemHandle) -> str:
    """The URL of a basket; whatever an earlier test put into it is gone."""
    return ecosystem.url("shop") + "/baskets/mine"


def test_articles_cost_what_the_price_list_says(ecosystem: EcosystemHandle) -> None:
    """Net prices with VAT, rounded to cents by the price list's awk."""
    status, body = ask(ecosystem.url("shop") + "/articles")
    assert status == 200
    assert body == {"articles": {"tea": 427, "mug": 1131, "kettle": 2916}}


def test_a_basket_adds_up(basket: str) -> None:
    """Putting an article in twice counts it twice."""
    assert ask(basket) == (200, {"items": {}, "total": 0})
    ask(basket, {"article": "tea", "quantity": 2})
    ask(basket, {"article": "mug"})
    assert ask(basket, {"article": "tea"}) == (200, {"items": {"tea": 3, "mug": 1}, "total": 3 * 427 + 1131})


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"article": "sofa"}, 404),
        ({"article": "tea", "quantity": 0}, 400),
        ({"article": "tea", "quantity": "2"}, 400),
    ],
)
def test_wishes_that_cannot_be_met_change_nothing(basket: str, wish: dict[str, object], status: int) -> None:
    """The answer says why, and the basket stays as it was."""
    answered, body = ask(basket, wish)
    assert (answered, list(body)) == (status, ["error"])
    assert ask(basket)[1]["items"] == {}


def test_a_basket_is_ordered_once_however_many_tills_try(basket: str) -> None:
    """Eight orders at the same time, one number, the first; the basket is empty afterwards."""
    ask(basket, {"article": "kettle"})
    with ThreadPoolExecutor(8) as tills:
        answers = list(tills.map(lambda _: ask(basket + "/order", {}), range(8)))
    assert sorted(status for status, _ in answers) == [201] + [409] * 7
    assert (201, {"order": 1}) in answers
    assert ask(basket)[1]["items"] == {}


def test_orders_are_numbered_in_turn(basket: str) -> None:
    """From the first one on, whatever other tests have ordered."""
    for number in (1, 2):
        ask(basket, {"article": "mug"})
        assert ask(basket + "/order", {}) == (201, {"order": number})


def test_the_baskets_need_a_password(ecosystem: EcosystemHandle) -> None:
    """Another one in every environment, so that the one in the Compose file opens nothing."""
    endpoint = ecosystem.endpoint("baskets", 6379)
    for greeting in (b"PING\r\n", b"AUTH basket_password\r\n"):
        with socket.create_connection((endpoint.host, endpoint.port), TIMEOUT) as connection:
            connection.sendall(greeting)
            assert connection.recv(100).startswith((b"-NOAUTH", b"-WRONGPASS"))


def test_the_shops_address_is_handed_out(ecosystem: EcosystemHandle) -> None:
    """Under the name that the Compose file exports it by."""
    assert ecosystem.variables["SHOP_URL"] == ecosystem.url("shop")
