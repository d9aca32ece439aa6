"""MongoDB, by pymongo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote_plus

from ...errors import DefinitionError
from .._needs import need
from .base import BaseIO
from .config import ConfigKey, required

if TYPE_CHECKING:
    from pandas import DataFrame


class MongoDB(BaseIO):
    """``MongoDB.with_config(ConfigFileLoader(…)).load("people", {"age": {"$gt": 30}})``."""

    def __init__(
        self,
        connection_string: str | None = None,
        host: str | None = None,
        port: int = 27017,
        user: str | None = None,
        password: str | None = None,
        database: str | None = None,
        collection: str | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(verbose)
        pymongo = need("pymongo", "mongodb", "MongoDB")
        login = f"{quote_plus(user)}:{quote_plus(password or '')}@" if user else ""
        self.client = pymongo.MongoClient(connection_string or f"mongodb://{login}{host}:{port or 27017}/", **kwargs)
        self.database = self.client[database] if database else self.client.get_default_database()
        self.collection = collection

    @classmethod
    def with_config(cls, config: Any) -> Self:
        if config[ConfigKey.MONGODB_CONNECTION_STRING] is None:
            required(config, (ConfigKey.MONGODB_HOST, ConfigKey.MONGODB_DATABASE), "MongoDB")
        names = ("CONNECTION_STRING", "HOST", "PORT", "USER", "PASSWORD", "DATABASE", "COLLECTION")
        return cls(**{name.lower(): config[ConfigKey[f"MONGODB_{name}"]] for name in names})

    def load(self, collection: str | None = None, query: dict[str, Any] | None = None, **_: Any) -> DataFrame:
        """The documents that a query finds, one a row."""
        import pandas

        return pandas.DataFrame(list(self.database[self._named(collection)].find(query or {})))

    def export(self, data: Any, collection: str | None = None, **_: Any) -> Any:
        """Add a frame's rows, or a list of dicts, as documents."""
        if hasattr(data, "to_dict"):
            data = data.to_dict("records")
        elif hasattr(data, "to_dicts"):  # polars
            data = data.to_dicts()
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            raise DefinitionError(
                f"a {type(data).__name__} cannot be exported to MongoDB", hint="give a DataFrame or a list of dicts"
            )
        return self.database[self._named(collection)].insert_many(data) if data else None

    def _named(self, collection: str | None) -> str:
        chosen = collection or self.collection
        if not chosen:
            raise DefinitionError("MongoDB needs a collection", hint="load('people'), or MONGODB_COLLECTION in io_config.yaml")
        return chosen
