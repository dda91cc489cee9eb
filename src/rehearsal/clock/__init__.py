"""How scenario time passes: on the virtual clock or in step with the wall, and in Odoo."""

from rehearsal.erp import Erp as Erp
from rehearsal.erp import Steps as Steps
