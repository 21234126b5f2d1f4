"""A network between people and their server that misbehaves when told to.

What a test sets (slow, stall, swallow, cut_after, and what befalls frames) holds for the connections that are open and
those to come, until `calm`; cut, reset and half_open are done once, to those that are open. ``up`` is towards the
server, ``down`` from it. When a method returns, the network is as it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.carrier import Carrier, Pair, Rule, Way, Weather
from tests.faults.frames import is_asked, is_durable

Says = Callable[[str], bool]  # of a frame's text, such as `42["message",…`


@dataclass
class Proxy:
    """Forwards connections on its own loopback port to a server's, both ways. Chance goes by the ``seed``."""

    to: int
    seed: int = 1

    def __post_init__(self) -> None:
        self._carrier = Carrier(self.to, self.seed)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._carrier.port}"

    @property
    def connections(self) -> int:
        """How many it carries now."""
        return len(self._carrier.pairs)

    @property
    def done(self) -> Counter[str]:
        """How many frames it dropped, doubled and delayed (drop, double, delay)."""
        return self._carrier.done

    def lead_to(self, port: int) -> None:
        """From now on those who connect are led to this port."""
        self.to = self._carrier.to = port

    def close(self) -> None:
        """End it all."""
        self._carrier.close()

    # All bytes -------------------------------------------------------------------------------------

    def slow(self, way: Way, delay: float = 0.0, jitter: float = 0.0, bandwidth: float = 0.0) -> None:
        """Everything takes ``delay`` and up to ``jitter`` seconds more, in order, at so many bytes a second."""
        self._set(way, delay=delay, jitter=jitter, bandwidth=bandwidth)

    def stall(self, way: Way) -> None:
        """Nothing goes this way any more, and nothing is lost; the sender notices when its buffers are full."""
        self._set(way, stalled=True)

    def let_go(self, way: Way) -> None:
        """What was stalled goes on."""
        self._set(way, stalled=False)

    def hold_answers(self) -> None:
        """From now on nothing that the server says arrives; what it is told does."""
        self.stall("down")

    def swallow(self, way: Way) -> None:
        """What goes this way is taken in and thrown away; a connection that lost some never gets any more."""
        self._set(way, swallowed=True)

    def cut_after(self, size: int, way: Way, *, reset: bool = False) -> None:
        """Each connection ends when so many more bytes have gone this way, wherever in a frame that is."""
        self._set(way, cut_after=size, by_reset=reset)
        self._each(lambda pair: setattr(getattr(pair, way), "left", size))

    def calm(self) -> None:
        """From now on a good network, for whatever is still connected."""

        def clear() -> None:
            self._carrier.weather.update(up=Weather(), down=Weather())
            for pair in self._carrier.pairs:
                pair.up.left = pair.down.left = None

        self._carrier.do(clear)

    # Whole connections -----------------------------------------------------------------------------

    def cut(self, share: float = 1.0) -> None:
        """End every connection at once, or a share of them, with what was held; new ones work again."""
        self._each(self._carrier.end, share)
        if share == 1.0:
            self.let_go("down")

    def reset(self, share: float = 1.0) -> None:
        """End them as a router that forgot them does: both sides get a reset."""
        self._each(lambda pair: self._carrier.end(pair, reset=True), share)

    def half_open(self, share: float = 1.0) -> None:
        """They carry nothing any more, whatever either side does, and are not closed before `cut` or `close`."""
        self._each(lambda pair: setattr(pair, "frozen", True), share)

    # Single frames of WebSockets -------------------------------------------------------------------

    def drop_events(self, every: int = 1, that: Says = is_durable) -> None:
        """Of what the server tells (numbered events, if nothing else is asked), every so many-th never arrives."""
        self._rule("down", Rule("drop", that, every))

    def double_events(self, every: int = 1, that: Says = is_durable) -> None:
        """They arrive twice."""
        self._rule("down", Rule("double", that, every))

    def delay_events(self, seconds: float, every: int = 1, that: Says = is_durable) -> None:
        """They arrive late, after others that were told later."""
        self._rule("down", Rule("delay", that, every, seconds))

    def double_requests(self, every: int = 1, that: Says = is_asked) -> None:
        """What clients ask is asked twice."""
        self._rule("up", Rule("double", that, every))

    def delay_requests(self, seconds: float, every: int = 1, that: Says = is_asked) -> None:
        """What clients ask arrives after what they asked later."""
        self._rule("up", Rule("delay", that, every, seconds))

    # -----------------------------------------------------------------------------------------------

    def _set(self, way: Way, **changes: Any) -> None:
        weather = self._carrier.weather[way]
        self._carrier.do(lambda: [setattr(weather, name, value) for name, value in changes.items()])

    def _rule(self, way: Way, rule: Rule) -> None:
        self._carrier.do(lambda: self._carrier.weather[way].rules.append(rule))

    def _each(self, task: Callable[[Pair], Any], share: float = 1.0) -> None:
        """Do something to every connection, or to some."""

        def perform() -> None:
            pairs = list(self._carrier.pairs)
            for pair in self._carrier.random.sample(pairs, round(share * len(pairs))):
                task(pair)

        self._carrier.do(perform)
