"""A file as private memory: pages are read when touched, and writing to them changes neither the file nor another reader.

``mmap.mmap`` keeps a file descriptor open for each mapping, and a wide frame has more columns than a process may open files; a
mapping of our own keeps none.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from functools import cache
from typing import Any

_PROTECTION = mmap.PROT_READ | mmap.PROT_WRITE


@cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return libc


class _Mapping:
    """Owns the pages: they are given back when the last view of them is gone."""

    def __init__(self, fd: int, size: int) -> None:
        self._size = 0
        self._unmap = _libc().munmap
        address = _libc().mmap(None, size, _PROTECTION, mmap.MAP_PRIVATE, fd, 0)
        if address is None or address == ctypes.c_void_p(-1).value:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._address, self._size = address, size
        self.__array_interface__ = {"data": (address, False), "shape": (size,), "typestr": "|u1", "version": 3}

    def __del__(self) -> None:
        if self._size:
            self._unmap(self._address, self._size)


def map_private(fd: int, size: int) -> memoryview:
    """The first ``size`` bytes of the file. The descriptor may be closed afterwards. Raises OSError."""
    import numpy as np

    pages: Any = np.asarray(_Mapping(fd, size))
    return memoryview(pages)
