"""No unit is promised twice: tiny histories written by hand, judged whole; and any history against a slow oracle."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from assertions.inventory import no_unit_is_promised_twice
from rehearsal.model import Event, Finding, Judgement, Severity, Verdict
from tests import tiny_record
from tests.tiny_record import Tiny, cancelled, issued, promise_moved, sold, substituted


def judged(book: dict[tuple[str, str], int], facts: list[Event]) -> Judgement:
    """Judge what was promised of tees that lie where *book* says."""
    return tiny_record.judged(no_unit_is_promised_twice, Tiny(facts, book=book))


def messages(book: dict[tuple[str, str], int], facts: list[Event]) -> list[str]:
    """Return where promises went beyond the stock."""
    return [finding.message.partition(":")[0] for finding in judged(book, facts).findings]


def placed(at_s: float, order: str, units: int = 1, node: str = "store") -> Event:
    """An accepted order for tees, which the store is to fulfil."""
    return tiny_record.placed(at_s, order, ("TEE", units), node=node)


def test_the_till_sells_what_a_pickup_order_was_promised() -> None:
    """The canonical failure: one unit, promised online in the morning, sold at the till at noon."""
    judgement = judged({("store", "TEE"): 1}, [placed(36_000, "W1"), sold(43_200, "T1")])

    assert judgement == Judgement(
        examined=1,
        findings=(
            Finding(
                message="TEE at store: 1 in stock, 1 promised too many at day 1, 12:00; 1 order was accepted beyond the stock, "
                "15.00 EUR at risk",
                severity=Severity.CRITICAL,
                units=1,
                money_at_risk_minor=1500,
                witnesses=(1,),
                orders=(("till_1", "T1"),),
                at_s=43_200.0,
            ),
        ),
    )


def test_a_unit_whose_promise_was_cancelled_may_be_promised_again() -> None:
    """But not a moment earlier."""
    book = {("store", "TEE"): 1}

    assert judged(book, [placed(1, "W1"), cancelled(2, "W1"), placed(3, "W2")]).verdict is Verdict.PASS
    assert judged(book, [placed(1, "W1"), placed(2, "W2"), cancelled(3, "W1")]).verdict is Verdict.FAIL


def test_a_promise_that_moved_binds_the_other_node() -> None:
    """The first node is free again, the second owes; a cancellation then frees the second."""
    book = {("store", "TEE"): 1, ("dc", "TEE"): 1}
    story = [placed(1, "W1"), promise_moved(2, "W1", "store", "dc"), placed(3, "W2")]

    assert judged(book, story).findings == ()
    (finding,) = judged(book, [*story, placed(4, "W3", node="dc")]).findings
    assert finding.message.startswith("TEE at dc")
    assert judged(book, [*story, cancelled(4, "W1"), placed(5, "W3", node="dc")]).findings == ()


def test_two_nodes_keep_two_lines_of_one_order() -> None:
    """Each node owes its own line: the tee does not burden the centre, nor the mug the store."""
    book = {("store", "TEE"): 1, ("dc", "MUG"): 1, ("dc", "TEE"): 1}
    split = tiny_record.placed(1, "W1", ("TEE", 1), ("MUG", 1), kept_by=["store", "dc"])

    assert judged(book, [split, placed(2, "W2", node="dc")]).findings == ()
    (finding,) = judged(book, [split, placed(2, "W2", node="store")]).findings
    assert (finding.message.partition(":")[0], finding.units) == ("TEE at store", 1)
    (finding,) = judged(book, [split, tiny_record.placed(2, "W2", ("MUG", 1))]).findings
    assert (finding.message.partition(":")[0], finding.units) == ("MUG at dc", 1)


def test_one_line_moves_and_the_other_stays() -> None:
    """The first node is free of the tee alone; the second owes no mug."""
    book = {("store", "TEE"): 1, ("store", "MUG"): 1, ("dc", "TEE"): 1, ("dc", "MUG"): 1}
    story = [
        tiny_record.placed(1, "W1", ("TEE", 1), ("MUG", 1), node="store"),
        promise_moved(2, "W1", "store", "dc", (1, "TEE", 1)),
    ]
    tee, mug = placed(3, "W2", node="store"), tiny_record.placed(4, "W3", ("MUG", 1), node="dc")

    assert judged(book, [*story, tee, mug]).findings == ()
    assert messages(book, [*story, placed(3, "W2", node="dc")]) == ["TEE at dc"]
    assert messages(book, [*story, tiny_record.placed(3, "W2", ("MUG", 1), node="store")]) == ["MUG at store"]


def test_one_piece_of_a_line_moves() -> None:
    """Two tees of one line are kept by two nodes."""
    book = {("store", "TEE"): 1, ("dc", "TEE"): 1}

    assert judged(book, [placed(1, "W1", 2), promise_moved(1, "W1", "store", "dc", (1, "TEE", 1))]).findings[0].units == 1, (
        "for a moment"
    )
    late = promise_moved(2, "W1", "store", "dc", (1, "TEE", 1))
    roomy = {("store", "TEE"): 2, ("dc", "TEE"): 1}
    assert judged(roomy, [placed(1, "W1", 2), late, placed(3, "W2")]).findings == ()
    assert messages(roomy, [placed(1, "W1", 2), late, placed(3, "W2", node="dc")]) == ["TEE at dc"]


def test_a_substitute_is_promised_in_the_place_of_what_was_ordered() -> None:
    """The tee is free again, and the mug is not."""
    book = {("store", "TEE"): 1, ("store", "MUG"): 1}
    story = [placed(1, "W1"), substituted(2, "W1", (1, "TEE", 1), by="MUG")]

    assert judged(book, [*story, placed(3, "W2")]).findings == ()
    assert messages(book, [*story, tiny_record.placed(3, "W2", ("MUG", 1), node="store")]) == ["MUG at store"]


def test_a_part_that_was_cancelled_may_be_promised_again() -> None:
    """One of two pieces, and no more than that; nothing of a part that has left already."""
    book = {("store", "TEE"): 2}
    part = cancelled(2, "W1", (1, "TEE", 1), node="store")

    assert judged(book, [placed(1, "W1", 2), part, placed(3, "W2")]).findings == ()
    assert messages(book, [placed(1, "W1", 2), part, placed(3, "W2", 2)]) == ["TEE at store"]
    gone = [placed(1, "W1", 2), issued(1, "W1", ("TEE", 2), node="store"), part]
    assert messages(book, [*gone, placed(3, "W2")]) == ["TEE at store"]


def test_handing_over_gives_nothing_back() -> None:
    """A unit handed over has left the stock together with its promise."""
    parcel = issued(2, "W1", node="store")

    assert judged({("store", "TEE"): 1}, [placed(1, "W1"), parcel, placed(3, "W2")]).verdict is Verdict.FAIL


def test_an_empty_history_is_undecided() -> None:
    """Nothing examined is never a pass."""
    assert judged({("store", "TEE"): 1}, []).verdict is Verdict.UNDECIDED


STEPS = st.lists(
    st.tuples(st.sampled_from(["place", "sell", "cancel", "drop", "move", "swap", "ship"]), st.integers(0, 5), st.integers(1, 3)),
    max_size=16,
)
NODES, SKUS = ("store", "dc"), ("TEE", "MUG")


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 5))
def test_any_history_is_judged_as_a_slow_oracle_judges_it(drawn: list[tuple[str, int, int]], stock: int) -> None:
    """Walk the facts one by one, and remember by how much the promises exceeded the stock after each new one."""
    book = {(node, sku): stock for node in NODES for sku in SKUS}
    owed: Counter[tuple[str, str]] = Counter()
    worst: Counter[tuple[str, str]] = Counter()
    orders: dict[str, list[tuple[str, str, int]]] = {}
    gone: set[tuple[str, str]] = set()
    facts: list[Event] = []

    def changed(order: str, line: int, node: str, sku: str, units: int) -> None:
        """Line *line* of *order* is now of *units* of *sku*, kept by *node*."""
        before_node, before_sku, before = orders[order][line]
        owed[before_node, before_sku] -= before
        orders[order][line] = (node, sku, units)
        owed[node, sku] += units
        if units > before or (node, sku) != (before_node, before_sku):
            worst[node, sku] = max(worst[node, sku], owed[node, sku] - stock)

    for at_s, (what, number, units) in enumerate(drawn):
        order, line = f"O{number}", units % 2
        lines = orders.get(order)
        if lines is None and what in ("place", "sell"):
            kept = ("store", "store") if what == "sell" else (NODES[number % 2], NODES[units % 2])
            wanted = (("TEE", units), ("MUG", 1))
            facts.append(
                sold(at_s, order, *wanted)
                if what == "sell"
                else tiny_record.placed(at_s, order, *wanted, channel="till_1", kept_by=kept)
            )
            orders[order] = [(node, sku, 0) for node, (sku, _) in zip(kept, wanted, strict=True)]
            gone |= {(order, "store")} if what == "sell" else set()
            for place, (sku, count) in enumerate(wanted):
                changed(order, place, kept[place], sku, count)
        elif lines is not None:
            node, sku, count = lines[line]
            part = (line + 1, sku, count)
            if what == "ship" and count:
                facts.append(issued(at_s, order, (sku, count), channel="till_1", node=node))
                gone.add((order, node))
            if what == "drop" and count:
                facts.append(cancelled(at_s, order, part, channel="till_1", node=node))
                changed(order, line, node, sku, count if (order, node) in gone else 0)
            goal = NODES[1 - NODES.index(node)]
            if what == "move" and count and not {(order, node), (order, goal)} & gone:
                facts.append(promise_moved(at_s, order, node, goal, part, channel="till_1"))
                changed(order, line, goal, sku, count)
            by = SKUS[1 - SKUS.index(sku)]
            if what == "swap" and count and (order, node) not in gone:
                facts.append(substituted(at_s, order, part, by, channel="till_1", node=node))
                changed(order, line, node, by, count)

    found = {
        tuple(reversed(finding.message.partition(":")[0].split(" at "))): finding.units for finding in judged(book, facts).findings
    }
    assert found == {key: units for key, units in worst.items() if units > 0}
