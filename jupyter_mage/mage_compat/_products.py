"""Global data products: what a pipeline of the project gave, run again by the same engine where that is too old."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import DefinitionError, ProjectError, Where, unknown
from . import _here
from ._running import place_of, run_pipeline

FILE = "global_data_products.yaml"
MANY = 1000
"""Runs of the history that are looked through."""
_CLOCK: dict[str, Callable[[datetime], int]] = {
    "day_of_month": lambda now: now.day,
    "day_of_week": lambda now: (now.weekday() + 1) % 7,
    "day_of_year": lambda now: now.timetuple().tm_yday,
    "hour_of_day": lambda now: now.hour,
    "minute_of_hour": lambda now: now.minute,
    "month_of_year": lambda now: now.month,
    "second_of_minute": lambda now: now.second,
    "week_of_month": lambda now: (now.day + now.replace(day=1).weekday() - 1) // 7 + 1,
    "week_of_year": lambda now: now.isocalendar()[1],
}
"""What ``outdated_starting_at`` may name: at or after all of these an old product is made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """An entry of ``global_data_products.yaml``, with what a block's configuration says otherwise."""

    uuid: str
    pipeline: str
    outdated_after: Mapping[str, int] = field(default_factory=dict)
    outdated_starting_at: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """The blocks whose outputs it has; ``partitions`` is of how many runs, 1 where nothing is said."""

    def expires(self, made: datetime) -> datetime | None:
        """When what was made then is too old; None for never."""
        unit = {key: int(value) for key, value in self.outdated_after.items() if key in ("seconds", "weeks", "months", "years")}
        if not unit:
            return None
        months = made.month - 1 + unit.get("months", 0)
        year, month = made.year + unit.get("years", 0) + months // 12, months % 12 + 1
        moved = made.replace(year=year, month=month, day=min(made.day, _days(year, month)))
        return moved + timedelta(seconds=unit.get("seconds", 0), weeks=unit.get("weeks", 0))

    def is_old(self, made: datetime | None, now: datetime) -> bool:
        """Whether it has to be made again.

        >>> product = Product(uuid="p", pipeline="p", outdated_after={"months": 1}, outdated_starting_at={"hour_of_day": 6})
        >>> [product.is_old(datetime(2024, 1, 31), each) for each in (datetime(2024, 2, 29, 5), datetime(2024, 2, 29, 6))]
        [False, True]
        """
        if made is None:
            return True
        expires = self.expires(made)
        return expires is not None and now >= expires and all(
            _CLOCK[key](now) >= int(value) for key, value in self.outdated_starting_at.items() if key in _CLOCK
        )  # fmt: skip


def _days(year: int, month: int) -> int:
    return (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day


def read(said: Mapping[str, Any]) -> Product:
    """The product that a block's ``configuration.global_data_product`` names. Raises DefinitionError, UnknownNameError."""
    from ..formats import yaml

    uuid = said.get("uuid")
    if not isinstance(uuid, str) or not uuid:
        raise DefinitionError("its configuration names no global data product", hint="global_data_product: {uuid: …}")
    path = _here.root() / FILE
    try:
        data = yaml.load(path.read_bytes(), file=str(path)).data if path.is_file() else {}
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error}") from error
    products = data if isinstance(data, Mapping) else {}
    entry = products.get(uuid)
    if not isinstance(entry, Mapping):
        raise unknown("global data product", uuid, map(str, products), where=Where(file=FILE))
    fields = {key: said.get(key) or entry.get(key) or {} for key in ("outdated_after", "outdated_starting_at", "settings")}
    wrong = next((key for key, value in fields.items() if not isinstance(value, Mapping)), "")
    if entry.get("object_type", "pipeline") != "pipeline" or not isinstance(entry.get("object_uuid"), str) or wrong:
        what = f"{wrong} is no mapping" if wrong else "it is no pipeline's: object_type: pipeline, object_uuid: NAME"
        raise DefinitionError(f"global data product {uuid}: {what}", where=Where(file=FILE))
    return Product(uuid=uuid, pipeline=entry["object_uuid"], **fields)


def outputs(said: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What its blocks gave, newest run first; the pipeline runs before, where that is too old. Raises RunError."""
    from ..session import Session

    product = read(said)
    root, name = place_of(product.pipeline, _here.root())
    session = Session.open(root, name)
    try:
        if product.is_old(_last(session), datetime.now(UTC)):
            run_pipeline(product.pipeline, variables={}, wait=True, check=True)
        return {block: _values(session, block, settings) for block, settings in product.settings.items()}
    finally:
        session.close()


def _good(session: Any) -> list[Any]:
    """The whole runs that went well, newest first."""
    return [each for each in session.history.runs(session.current, MANY) if each.status == "succeeded" and not each.selection]


def _last(session: Any) -> datetime | None:
    good = _good(session)
    return datetime.fromtimestamp(good[0].started, UTC) if good else None


def _values(session: Any, block: str, settings: Mapping[str, Any] | None) -> list[Any]:
    names = {each.label or each.name: each.name for each in session.pipeline}
    if block not in names:
        raise unknown("block", block, names, where=Where(file=FILE))
    wanted = int((settings or {}).get("partitions", 1))
    found = []
    for each in _good(session)[: wanted if wanted >= 1 else None]:
        part = session.history.run(each.id).blocks.get(names[block])
        if part is not None and part.output is not None:
            found.append(session.store.get(part.output))
    return found
