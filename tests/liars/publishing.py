"""Liars about stock: what channels are told that they may sell."""

from __future__ import annotations

from typing import Any

from connectors.governed import Connector
from rehearsal.clock import Erp, Steps
from rehearsal.stage.market import LiveChannel


class _Publisher(Connector):
    """Reads Odoo as the honest one does, and then says something else."""

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return what `said` makes of the honest figures."""
        honest = yield from super().publish(channel, erp, node)
        return self.said(honest, channel)

    def said(self, honest: dict[str, int], channel: LiveChannel) -> Any:
        """Return what is published instead of *honest*."""
        return honest


class PublishesZeros(_Publisher):
    """Who sells nothing cannot oversell."""

    def said(self, honest: dict[str, int], channel: LiveChannel) -> Any:
        """Say zero of each."""
        return dict.fromkeys(honest, 0)


class PublishesNothing(_Publisher):
    """An empty publication for everybody."""

    def said(self, honest: dict[str, int], channel: LiveChannel) -> Any:
        """Say nothing."""
        return {}


class PublishesTooMuch(_Publisher):
    """A thousand of each, everywhere."""

    def said(self, honest: dict[str, int], channel: LiveChannel) -> Any:
        """Say a thousand."""
        return dict.fromkeys(honest, 1000)
