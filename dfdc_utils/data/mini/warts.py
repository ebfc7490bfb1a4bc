"""What is odd about some clips of the synthetic DFDC, as about some of the real one."""

from pathlib import Path

from dfdc_utils.data.mini.videos import turn_on_playback

# The wart of part 0, part 1 and so on: the first original has it, and with it all fakes of that original.
# The later parts test, so what cannot be judged at all comes early. A set of fewer parts has no warts.
SCENE_WARTS = (
    "short clip", "two people", "upright", "no face", "rotation flag", "24 fps", "dark", "", "",
    "two people", "24 fps", "dark", "two people", "upright", "rotation flag",
)
# These befall the last fake of the part.
FILE_WARTS = {7: "truncated file", 8: "empty file"}


def spoil(path: Path, wart: str) -> None:
    """Damages the finished file at `path` as `wart` says."""
    if wart == "rotation flag":
        turn_on_playback(path)
    elif wart == "truncated file":
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    elif wart == "empty file":
        path.write_bytes(b"")
