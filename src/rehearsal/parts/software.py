"""What an Odoo of ours runs beside its own modules: add-ons of the retailer's, and of others."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rehearsal.parts.part import Part

Module = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
Place = Annotated[str, Field(min_length=1, max_length=1000)]
Some = Field(max_length=200)


class Odoo(Part):
    """Modules, where they come from, and how they are set; an Odoo that is not ours must have all of it already."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    modules: Annotated[tuple[Module, ...], Some] = ()
    """Modules to install beside those that every rehearsal needs; what a package of `python` brings is installed anyway."""
    addons: Annotated[tuple[Place, ...], Some] = ()
    """Folders of modules, or of one; from the project's top, where they are not absolute."""
    python: Annotated[tuple[Place, ...], Some] = ()
    """Packages of the Python index: add-ons (``odoo-addon-stock-no-negative``), with all they need, or what a module imports."""
    server_wide_modules: Annotated[tuple[Module, ...], Some] = ()
    """Modules that Odoo loads before any database, such as ``queue_job``."""
    settings: Annotated[str, Field(max_length=1000)] = ""
    """A Python file that is run once in Odoo's shell when all is installed; ``env`` is at hand."""
