"""Global data products of Mage projects: a block without code, whose output is what another pipeline gave."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..model import Block, Pipeline
from ..plugins import Call, Names


class MageProduct:
    name = "mage_product"
    extension = "py"
    packages: tuple[str, ...] = ()
    any_case = False

    def check(self, source: str, *, block: str = "", arguments: tuple[str, ...] = ()) -> None: ...

    def names(self, source: str) -> Names:  # noqa: ARG002
        return Names()

    def normalise(self, source: str) -> str:
        return source.strip()

    def rename(self, source: str, old: str, new: str) -> str | None:  # noqa: ARG002
        return source

    def scratch(self, block: Block, parameters: Sequence[str]) -> str:  # noqa: ARG002
        return f"{block.name} = {{}}  # {block.source.strip()}"

    def spelled(self, block: Block, pipeline: Pipeline) -> Block:  # noqa: ARG002
        """It asks whether the other pipeline's outputs are too old each time, and two do not run that at once."""
        limits = (
            block.limits if block.limits.pool else replace(block.limits, pool=f"product {_said(block).get('uuid')}", pool_size=1)
        )
        return replace(block, fresh=0, limits=limits)

    def compiled(self, block: Block, arguments: tuple[str, ...]) -> bytes:  # noqa: ARG002 (the protocol's)
        return b""

    def run(self, call: Call) -> Any:
        # ours, also where mage-ai is installed: that one would look into its own server's database
        return importlib.import_module("jupyter_mage.mage_compat._products").outputs(_said(call.block))


def _said(block: Block) -> dict[str, Any]:
    found = block.configuration.get("global_data_product")
    return found if isinstance(found, dict) else {}


language = MageProduct()
