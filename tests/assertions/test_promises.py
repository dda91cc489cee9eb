"""No unit is promised twice: tiny histories written by hand, judged whole; and any history against a slow oracle."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from assertions.inventory import no_unit_is_promised_twice
from rehearsal.model import Event, Finding, Judgement, Severity, Verdict
from tests import tiny_record
from tests.tiny_record import Tiny, cancelled, issued, promise_moved, sold


def judged(book: dict[tuple[str, str], int], facts: list[Event]) -> Judgement:
    """Judge what was promised of tees that lie where *book* says."""
    return tiny_record.judged(no_unit_is_promised_twice, Tiny(facts, book=book))


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
                message="TEE at store: 1 in stock, 1 promised too many at day 1, 12:00; 1 order(s) were accepted beyond the stock, "
                "15.00 at risk",
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


def test_handing_over_gives_nothing_back() -> None:
    """A unit handed over has left the stock together with its promise."""
    parcel = issued(2, "W1", node="store")

    assert judged({("store", "TEE"): 1}, [placed(1, "W1"), parcel, placed(3, "W2")]).verdict is Verdict.FAIL


def test_an_empty_history_is_undecided() -> None:
    """Nothing examined is never a pass."""
    assert judged({("store", "TEE"): 1}, []).verdict is Verdict.UNDECIDED


FACTS = st.lists(
    st.tuples(st.sampled_from(["place", "sell", "cancel"]), st.integers(0, 7), st.integers(1, 3)), max_size=14
)


@settings(max_examples=60, deadline=None)
@given(FACTS, st.integers(0, 6))
def test_any_history_is_judged_as_a_slow_oracle_judges_it(drawn: list[tuple[str, int, int]], stock: int) -> None:
    """Walk the facts one by one, and remember by how much the promises exceeded the stock after each new one."""
    facts: list[Event] = []
    open_units: Counter[str] = Counter()
    closed: set[str] = set()
    excess = 0
    for at_s, (what, number, units) in enumerate(drawn):
        order = f"O{number}"
        if what == "cancel" and order in open_units and order not in closed:
            facts.append(cancelled(at_s, order))
            open_units[order] = 0
            closed.add(order)
        elif what != "cancel" and order not in open_units:
            facts.append(placed(at_s, order, units) if what == "place" else sold(at_s, order, ("TEE", units)))
            open_units[order] = units
            closed |= {order} if what == "sell" else set()
            excess = max(excess, sum(open_units.values()) - stock)

    assert sum(finding.units for finding in judged({("store", "TEE"): stock}, facts).findings) == max(0, excess)
