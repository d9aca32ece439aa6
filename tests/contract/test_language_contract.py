"""Every language, ours or a guest, has all that the engine asks of one."""

from __future__ import annotations

import pytest

from jupyter_mage.model import Block, Pipeline
from jupyter_mage.plugins import Language, languages


@pytest.mark.parametrize("name", languages.names())
def test_a_language_fills_its_protocol(name):
    language = languages.get(name)
    block = Block(name="one", source="1", language=name)
    assert isinstance(language, Language) and language.name == name
    assert language.spelled(block, Pipeline(name="p", blocks=(block,))).name == "one"
    assert isinstance(language.compiled(block, ()), bytes)
    assert isinstance(language.scratch(block, ()), str)
    assert language.normalise("1\n") == language.normalise("1")
