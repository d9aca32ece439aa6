"""A project's secrets and its ``.env``: kept beside the project, looked up where a block runs, named in files and never
written there.

`secret` looks in the project's own secrets, then in the system's keyring, then for an environment variable of that name. The
project's own are in ``.jupyter_mage/secrets.json``, readable by its owner alone; one that was put into the keyring has only
its name there.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import redaction
from .errors import DefinitionError, JupyterMageError, PluginError, ProjectError, unknown
from .files import atomic_write

FILE = Path(".jupyter_mage") / "secrets.json"
SERVICE = "jupyter_mage"
"""The name that the keyring keeps our secrets under."""

_read: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}


def secret(root: Path, name: str) -> str | None:
    """The secret of this name, or None where nobody has it. From now on it is hidden in what is printed.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> put(root, "api_key", "0123-abcd")
    >>> secret(root, "api_key"), secret(root, "other")
    ('0123-abcd', None)
    >>> redaction.forget()
    """
    found = _own(root).get(name) or _in_keyring(name) or os.environ.get(name)
    if found is not None:
        redaction.learn(found)
    return found


def names(root: Path) -> dict[str, str]:
    """The project's secrets by name, and where each is: ``file`` or ``keyring``."""
    return {name: "file" if value is not None else "keyring" for name, value in sorted(_own(root).items())}


def put(root: Path, name: str, value: str, *, keyring: bool = False) -> None:
    """Keep a secret for the project, in its file or the system's keyring. Raises JupyterMageError."""
    if not name or name != name.strip() or "\n" in name:
        raise DefinitionError(f"a secret cannot be named {name!r}", hint="jupyter mage secrets set pg_password")
    if len(value) < redaction.SHORTEST:
        raise DefinitionError(
            f"the value of {name} has {len(value)} characters; below {redaction.SHORTEST} it could not be hidden in logs",
            hint=f"jupyter mage secrets set {name}",
        )
    if keyring:
        _keyring_or_raise().set_password(SERVICE, name, value)
    _write(root, {**_own(root), name: None if keyring else value})


def remove(root: Path, name: str) -> None:
    """Forget a secret. Raises UnknownNameError where the project has none of this name."""
    own = dict(_own(root))
    if name not in own:
        raise unknown("secret", name, own, hint="jupyter mage secrets list")
    if own.pop(name) is None:
        ring = _keyring_or_raise()
        with contextlib.suppress(ring.errors.PasswordDeleteError):
            ring.delete_password(SERVICE, name)
    _write(root, own)


def there(root: str) -> bool:
    """Whether the project has secrets or a ``.env``. Asked before and after each body: a no is good for 20 ms, since to look
    takes longer than to run a small block.
    """
    now = time.monotonic()
    if now < _nothing.get(root, 0.0):
        return False
    found = any(os.access(path, os.F_OK) for path in _places(root))
    if not found:
        _nothing[root] = now + 0.02
    return found


_nothing: dict[str, float] = {}
"""For each project that has neither, until when that is taken as known."""


@lru_cache(maxsize=64)
def _places(root: str) -> tuple[str, str]:
    environ, own = _files(Path(root))
    return str(environ), str(own)


def learn(root: Path) -> None:
    """Hide every secret of the project from now on, looked up or not, and those of its ``.env``."""
    for name, value in _own(root).items():
        found = value if value is not None else _known_in_keyring(name, _stamp(root / FILE))
        if found is not None:
            redaction.learn(found)
    for name, value in environment(root).items():
        redaction.learn_variable(name, value)


def environment(root: Path) -> Mapping[str, str]:
    """What the project's ``.env`` says; empty where there is none. Raises ProjectError where it cannot be read."""
    path = _files(root)[0]
    stamp = _stamp(path)
    if stamp is None:
        return {}
    known = _read.get(path)
    if known is None or known[0] != stamp:
        from dotenv import dotenv_values

        try:
            found = {name: value for name, value in dotenv_values(path, encoding="utf-8").items() if value is not None}
        except (OSError, UnicodeDecodeError) as error:
            raise ProjectError(f"{path} cannot be read: {error}", hint="it is NAME=VALUE lines in UTF-8") from error
        known = _read[path] = stamp, found
    return known[1]


def refuse(root: Path, texts: Mapping[str, Any], hint: str) -> None:
    """Raise DefinitionError where one of these texts has a secret in it: it would be kept, or leave the project."""
    learn(root)
    for what, text in texts.items():
        if text and redaction.holds_secret(text if isinstance(text, str) else json.dumps(text, default=str)):
            raise DefinitionError(f"{what} holds the value of a secret", hint=hint)


@lru_cache(maxsize=64)
def _files(root: Path) -> tuple[Path, Path]:
    """The project's ``.env``, and the file of its secrets."""
    return root / ".env", root / FILE


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 (a third of the time, and asked for every block)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _own(root: Path) -> dict[str, Any]:
    path = _files(root)[1]
    stamp = _stamp(path)
    if stamp is None:
        return {}
    known = _read.get(path)
    if known is None or known[0] != stamp:
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ProjectError(
                f"{path} cannot be read: {error}", hint="move it away, then: jupyter mage secrets set NAME"
            ) from error
        if not isinstance(found, dict):
            raise ProjectError(f"{path} is not what we wrote", hint="move it away, then: jupyter mage secrets set NAME")
        known = _read[path] = stamp, found
    return known[1]


def _write(root: Path, secrets: Mapping[str, Any]) -> None:
    folder = root / FILE.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        atomic_write(ignore, "*\n")
    _nothing.clear()
    atomic_write(root / FILE, json.dumps(dict(sorted(secrets.items())), indent=1, ensure_ascii=False) + "\n", mode=0o600)


def _keyring() -> Any:
    """The keyring package where it is installed and has somewhere to keep things; else None."""
    try:
        import keyring
        import keyring.backends.fail
    except ImportError:
        return None
    return None if isinstance(keyring.get_keyring(), keyring.backends.fail.Keyring) else keyring


def _keyring_or_raise() -> Any:
    found = _keyring()
    if found is None:
        raise PluginError(
            "no keyring works here: the package is not installed, or this machine has no keyring service",
            hint="pip install 'jupyter_mage[keyring]', or leave --keyring out: the secret is then in a file of yours alone",
        )
    return found


@lru_cache(maxsize=256)
def _known_in_keyring(name: str, _: object) -> str | None:
    """As `_in_keyring`, asked once a process and version of our file: a keyring may be slow."""
    return _in_keyring(name)


def _in_keyring(name: str) -> str | None:
    ring = _keyring()
    if ring is None:
        return None
    try:
        found: str | None = ring.get_password(SERVICE, name)
    except ring.errors.KeyringError as error:
        raise JupyterMageError(f"the keyring does not give {name}: {error}", hint=f"jupyter mage secrets set {name}") from error
    return found
