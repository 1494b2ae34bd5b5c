"""Why this exists: a shop over HTTP that is small enough to read, and real enough to test.

GET  /ready                    200 when Redis answers, else 503
GET  /articles                 every article with its gross price in cents
POST /baskets/NAME             {"article": "tea", "quantity": 2} puts articles into a basket
GET  /baskets/NAME             what is in a basket, and what it costs
POST /baskets/NAME/order       orders a basket, once; 409 when it is empty
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from store import Redis, RedisError

# Moves a basket to a numbered order in one step, so that two customers at two tills order it once.
ORDER = """
local basket = redis.call('HGETALL', KEYS[1])
if #basket == 0 then return nil end
redis.call('DEL', KEYS[1])
local number = redis.call('INCR', 'orders')
redis.call('HSET', 'order:' .. number, unpack(basket))
return number
"""
BASKET = re.compile(r"/baskets/([\w-]{1,40})(/order)?")

Answer = tuple[HTTPStatus, dict[str, Any]]


class Shop:
    """What the shop does, apart from HTTP.

    Args:
        prices: Gross prices in cents, by article.
        redis: Where baskets are.
    """

    def __init__(self, prices: Mapping[str, int], redis: Redis) -> None:
        self._prices = prices
        self._redis = redis

    def ready(self) -> Answer:
        """Whether baskets can be reached."""
        return HTTPStatus.OK, {"redis": self._redis.ask("PING")}

    def articles(self) -> Answer:
        """What there is to buy."""
        return HTTPStatus.OK, {"articles": dict(self._prices)}

    def basket(self, name: str) -> Answer:
        """What is in a basket, and what it costs."""
        reply = self._redis.ask("HGETALL", f"basket:{name}")
        words = reply if isinstance(reply, list) else []
        items = {
            str(article): int(str(count)) for article, count in zip(words[::2], words[1::2], strict=True)
        }
        total = sum(self._prices[article] * count for article, count in items.items())
        return HTTPStatus.OK, {"items": items, "total": total}

    def put(self, name: str, wish: Mapping[str, Any]) -> Answer:
        """Put articles into a basket."""
        article, quantity = wish.get("article"), wish.get("quantity", 1)
        if not isinstance(article, str) or article not in self._prices:
            return HTTPStatus.NOT_FOUND, {"error": f"there is no article {article!r}"}
        if type(quantity) is not int or quantity < 1:
            return HTTPStatus.BAD_REQUEST, {"error": f"{quantity!r} is not a quantity"}
        self._redis.ask("HINCRBY", f"basket:{name}", article, str(quantity))
        return self.basket(name)

    def order(self, name: str) -> Answer:
        """Order what is in a basket, and empty it."""
        number = self._redis.ask("EVAL", ORDER, "1", f"basket:{name}")
        if number is None:
            return HTTPStatus.CONFLICT, {"error": f"basket {name} is empty"}
        return HTTPStatus.CREATED, {"order": number}


class Handler(BaseHTTPRequestHandler):
    """HTTP in front of the shop."""

    shop: Shop
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a question."""
        basket = BASKET.fullmatch(self.path)
        if self.path == "/ready":
            self._answer(self.shop.ready)
        elif self.path == "/articles":
            self._answer(self.shop.articles)
        elif basket and not basket[2]:
            self._answer(self.shop.basket, basket[1])
        else:
            self._send(HTTPStatus.NOT_FOUND, {"error": f"there is no {self.path}"})

    def do_POST(self) -> None:
        """Do something."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        basket = BASKET.fullmatch(self.path)
        if not basket:
            self._send(HTTPStatus.NOT_FOUND, {"error": f"there is no {self.path}"})
        elif basket[2]:
            self._answer(self.shop.order, basket[1])
        else:
            self._put(basket[1], body)

    def _put(self, name: str, body: bytes) -> None:
        try:
            wish = json.loads(body)
        except ValueError:
            wish = None
        if isinstance(wish, dict):
            self._answer(self.shop.put, name, wish)
        else:
            self._send(HTTPStatus.BAD_REQUEST, {"error": "the body is no JSON object"})

    def _answer(self, act: Any, *arguments: Any) -> None:
        try:
            self._send(*act(*arguments))
        except RedisError as error:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"redis: {error}"})

    def _send(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def read_prices(folder: Path) -> dict[str, int]:
    """The price list that `assortment/price-list.sh` wrote."""
    lines = (folder / "prices.tsv").read_text(encoding="utf-8").splitlines()
    return {article: int(cents) for article, cents in (line.split("\t") for line in lines)}


def main() -> None:
    """Serve until the process is ended. In a container it listens on every address, else on loopback."""
    in_container = bool(os.environ.get("PRICES"))
    prices = Path(os.environ["PRICES"]) if in_container else Path(tempfile.gettempdir())
    Handler.shop = Shop(read_prices(prices), Redis(os.environ["BASKETS_URL"]))
    address = "0.0.0.0" if in_container else "127.0.0.1"  # noqa: S104 - a container's own network
    ThreadingHTTPServer((address, int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
