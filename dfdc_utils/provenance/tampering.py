"""What can happen to a signed clip on its way: each writes a changed copy."""

import tempfile
import types
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.rewriting import encode_again, pass_on
from dfdc_utils.provenance.credentials import make_certificate, sign
from dfdc_utils.workspace import whole

_CRF = 28
_NOTE = b"dfdc_utils"
"""Stands in the note that `sign` writes."""


def flip_picture(path: Path, out: Path) -> None:
    """Writes the mp4 file at `path` to `out` with one bit in the middle of its picture and sound changed."""
    content = path.read_bytes()
    # The box of media data is by far the largest; its name is followed by what it holds.
    start = content.rindex(b"mdat") + 4
    _flip(content, (start + len(content)) // 2, out)


def flip_note(path: Path, out: Path) -> None:
    """Writes the signed mp4 file at `path` to `out` with one bit of its credentials changed."""
    content = path.read_bytes()
    _flip(content, content.index(_NOTE), out)


def cut_in_half(path: Path, out: Path) -> None:
    """Writes the first half of the clip at `path` to `out`, encoded as it was."""
    *_, (_, seconds, _) = iterate(path)
    pass_on(path, out, seconds=seconds / 2)


def sign_as_another(path: Path, out: Path) -> None:
    """Encodes the clip at `path` again, and signs the result with a certificate of somebody else's."""
    with tempfile.TemporaryDirectory() as folder:
        unsigned = Path(folder) / path.name
        encode_again(path, unsigned, crf=_CRF)
        sign(unsigned, out, make_certificate("Somebody else"))


CHANGES: Mapping[str, Callable[[Path, Path], None]] = types.MappingProxyType({
    "one byte of the picture": flip_picture,
    "one byte of the credentials": flip_note,
    "passed on": pass_on,
    "cut in half": cut_in_half,
    "encoded again": partial(encode_again, crf=_CRF),
    "encoded again, signed by somebody else": sign_as_another,
})
"""By what happens: takes the signed clip and where the copy goes."""


def _flip(content: bytes, at: int, out: Path) -> None:
    changed = bytearray(content)
    changed[at] ^= 1
    with whole(out) as temporary:
        temporary.write_bytes(changed)
