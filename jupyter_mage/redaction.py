"""Hiding secrets in what people read: logs, failures, previews, and thereby events, history and screens.

What is secret is known in this process alone: values that were looked up (`learn`), and the environment variables whose names say
so. A text goes through `hide` where it is made, so that nothing behind that place has to think of it.

>>> learn("s3cr3t-w0rd")
>>> hide("connecting with s3cr3t-w0rd")
'connecting with ***'
>>> forget()
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

MASK = "***"
SHORTEST = 4
"""Characters that a value has at least, to be hidden: less would blacken half of every text."""
SHORTEST_GUESSED = 6
"""The same, where only the variable's name says that it is a secret."""
CUT = 31
"""A preview's cell ends after so many characters: the start of a longer secret is hidden too."""
_EXAMPLES = """
admin changeme default example guest localhost mage minio minioadmin mysql none null password postgres public root secret
test testing true false user username 123456 password123
"""
NO_SECRETS = frozenset(_EXAMPLES.split())
"""Values that everybody's examples have: to hide them protects nobody and makes texts unreadable."""

_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSWORDS|PWD|PASS|PASSPHRASE|SECRET|SECRETS|TOKEN|CREDENTIALS?|APIKEY|KEY|DSN|AUTH)(?:_|$)"
)
_NOT = re.compile(r"(?:^|_)(?:ID|PATH|FILE|FILEPATH|DIR|URL|NAME|OLDPWD|SOCK)$|^PWD$|^OLDPWD$|PUBLIC_KEY")

_learned: dict[str, None] = {}
_environ: tuple[dict[bytes, bytes], tuple[str, ...]] = ({}, ())
"""The environment when it was last looked through, and the secrets in it."""


@lru_cache(maxsize=4096)
def says_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret, as people name them.

    >>> [name for name in ("DB_PASSWORD", "PWD", "AWS_SECRET_ACCESS_KEY", "API_KEY", "KEYBOARD", "KEY_FILE") if says_secret(name)]
    ['DB_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'API_KEY']
    """
    upper = name.upper()
    return bool(_NAME.search(upper)) and not _NOT.search(upper)


def learn(value: object) -> None:
    """From now on this process hides this value; what is too short or everybody's example is left out."""
    text = str(value)
    if len(text) >= SHORTEST and text.lower() not in NO_SECRETS:
        _learned.setdefault(text)


def learn_variable(name: str, value: str) -> None:
    """`learn` the value of a variable where its name says that it is a secret, or the password where it is an address."""
    for secret in _guessed(name, value):
        learn(secret)


def forget() -> None:
    """Know no secret any more; for tests."""
    _learned.clear()


def known() -> tuple[str, ...]:
    """Every secret that this process knows now."""
    global _environ
    raw: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]  # as it is: to decode all of it takes long
    if raw != _environ[0]:
        guessed = dict.fromkeys(each for name, value in os.environ.items() for each in _guessed(name, value))
        _environ = dict(raw), tuple(guessed)
    return (*_learned, *_environ[1])


def hide(text: str, *, ran: bool = True) -> str:
    """The text with every known secret as ``***``: spelled plainly, escaped, as in an address, or cut short by a preview.

    ``ran=False`` where no user's code ran since the environment was last looked through: that takes longer than all the rest.
    """
    secrets = (known() if ran else (*_learned, *_environ[1])) if text else ()
    return _pattern(secrets).sub(MASK, text) if secrets else text


def hide_all(value: Any) -> Any:
    """JSON with every known secret hidden, in keys too; the value itself where nothing is secret here."""
    return _hidden(value) if known() else value


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    if isinstance(value, dict):
        return {hide(key): _hidden(each) for key, each in value.items()}
    return value


def holds_secret(text: str) -> bool:
    """Whether a known secret stands in the text."""
    return hide(text) != text


def _guessed(name: str, value: str) -> Iterator[str]:
    if "://" in value:
        password = _password(value)
        if password and len(password) >= SHORTEST and password.lower() not in NO_SECRETS:
            yield password
    if says_secret(name) and len(value) >= SHORTEST_GUESSED and value.lower() not in NO_SECRETS:
        yield value


@lru_cache(maxsize=256)
def _password(address: str) -> str | None:
    try:
        return urlsplit(address).password
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    spellings: dict[str, None] = {}
    for secret in secrets:
        for spelling in _spellings(secret):
            spellings.setdefault(spelling)
    ordered = sorted(spellings, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)))


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    lines = [line for line in secret.splitlines() if len(line) >= 12 and not line.startswith("-----")]
    yield from lines if "\n" in secret else ()  # a key of many lines, printed line by line
    if len(secret) > CUT:
        yield secret[:CUT]
