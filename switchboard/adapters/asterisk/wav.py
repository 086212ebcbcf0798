"""WAV files that were never closed: their writer was killed, and their header says that they are empty."""

from __future__ import annotations

import os
import struct
from pathlib import Path

_HEADER_BYTES = 44
"""As Asterisk writes it: RIFF, WAVE, a ``fmt`` chunk of 16 bytes, then ``data`` to the end."""


def mend_header(path: Path) -> bool:
    """Let the header say how long the file is, where it says nothing; whether that changed it. Raises ``OSError``."""
    with path.open("r+b") as file:
        head = file.read(_HEADER_BYTES)
        size = os.fstat(file.fileno()).st_size
        if len(head) < _HEADER_BYTES or head[:4] != b"RIFF" or head[36:40] != b"data" or size == _HEADER_BYTES:
            return False
        if struct.unpack("<I", head[40:44])[0]:
            return False
        for at, length in ((4, size - 8), (40, size - _HEADER_BYTES)):
            file.seek(at)
            file.write(struct.pack("<I", length))
        file.flush()
        os.fsync(file.fileno())
    return True
