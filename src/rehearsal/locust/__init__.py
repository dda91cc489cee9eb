"""Locust, for rehearsals and for anybody's own locustfile: ``from rehearsal.locust import OdooUser``.

Importing this patches the whole process (gevent), so nothing else in the kernel imports it: it is loaded by
Locust's own processes alone. `user` is a well-behaved Odoo user class; `bench` is where lanes take their
operations from, `crew` deals them out, `conductor` plays the scenario, `wiring` ties them to Locust's events.
`resolver` spares each connection a thread.
"""

from rehearsal.locust import resolver
from rehearsal.locust.user import OdooUser

resolver.install()
__all__ = ["OdooUser"]
