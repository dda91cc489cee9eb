from __future__ import annotations

from pathlib import Path

from rehearsal.targets.base import TemplateRecipe
from rehearsal.targets.template import template_key


def test_the_key_depends_on_what_is_in_it_and_on_nothing_else(tmp_path: Path) -> None:
    key = template_key(TemplateRecipe(("a", "b"), "x = 1"), "19.0")
    assert key == template_key(TemplateRecipe(("b", "a", "a"), "x = 1"), "19.0")
    others = [
        template_key(TemplateRecipe(("a",), "x = 1"), "19.0"),
        template_key(TemplateRecipe(("a", "b"), "x = 2"), "19.0"),
        template_key(TemplateRecipe(("a", "b"), "x = 1"), "19.1"),
        template_key(TemplateRecipe(("a", "b"), "x = 1"), "19.0", (tmp_path,)),
    ]
    assert len({key, *others}) == 5


def test_a_changed_module_of_the_customer_changes_the_key(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    manifest = tmp_path / "shop" / "__manifest__.py"
    manifest.write_text("{'name': 'Shop'}")
    recipe = TemplateRecipe(("shop",))
    before = template_key(recipe, "19.0", (tmp_path,))
    assert template_key(recipe, "19.0", (tmp_path,)) == before
    manifest.write_text("{'name': 'Shop 2'}")
    assert template_key(recipe, "19.0", (tmp_path,)) != before
