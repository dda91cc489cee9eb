"""What the words of a report mean, in one line each, for who has never read one."""

from __future__ import annotations

WORDS = (
    ("Scenario", "what is rehearsed: products, stock, channels, shoppers and what goes wrong, in one file"),
    ("Seed", "the number that decides who wants what and when; the same seed meets the same shoppers"),
    ("Connector", "the integration under test, between the outside world and Odoo"),
    ("Policy", "a rule of a connector that can be switched off, to show what it is good for"),
    ("Invariant", "a sentence that must be true for every order and every unit"),
    ("Examined", "how many orders, units or sums an invariant looked at; one that looked at none is undecided"),
    ("Finding", "one way in which an invariant is broken, with the orders that it hurts"),
    (
        "Critical, major, minor",
        "a shopper or the books are wronged and stay so; wrong for a while; a cent, or a delay within reason",
    ),
    ("At risk", "the money that is wrong, or may have to be given back; sums of different invariants overlap and are not added up"),
    ("Undecided", "the run proves nothing about it, neither good nor bad"),
    ("Perfect counter", "one that knows every unit at once, sells first come, first served, and never more than there is"),
    ("Sell-through", "the units that were sold and kept, over those that a perfect counter would have sold of the same demand"),
    ("Operation", "one thing that was asked of Odoo; unknown: no answer came, so it may have been done or not"),
    ("Dropped event", "word from outside that the connector failed on, so that it was lost"),
    ("Fault", "something that goes wrong on purpose, such as word that comes twice, and is healed before the books are read"),
    ("Gate", "a limit on a figure that the scenario sets"),
    ("p95, p99", "95 (99) of 100 were at most this"),
    ("Witness", "the line of the run's history that shows the finding"),
    ("Demand", "a fingerprint of all shoppers; equal for two runs that met the same ones"),
)
