"""Fetching a published file of weights: within seconds, or with one plain message why not."""

import hashlib
import http.client
import os
import queue
import threading
import urllib.request
from pathlib import Path

from tqdm import tqdm

from dfdc_utils import workspace

PATIENCE = 10.0
"""Seconds without an answer after which a host counts as out of reach."""


class WeightsUnavailable(RuntimeError):
    """A file of published weights is neither on this machine nor to be had."""


def cache() -> Path:
    """The folder in which Keras itself keeps weights and looks for them."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def fetch(url: str, path: Path, *, checksum: str) -> Path:
    """`path`, downloaded from `url` if it is not there yet; its checksum ("md5:…", "sha256:…") is checked either way.

    Raises WeightsUnavailable, naming the file, the cause and the way out.
    """
    if not path.is_file():
        try:
            _download(url, path)
        except (OSError, http.client.HTTPException) as error:
            raise WeightsUnavailable(
                f"The weights {path.name} cannot be downloaded.\n"
                f"  Cause: {error}\n"
                f"  Way out: download {url} on another machine and put it at {path}, "
                f"or start at random, with the setting weights=random."
            ) from error
    algorithm, _, wanted = checksum.partition(":")
    found = hashlib.new(algorithm, path.read_bytes(), usedforsecurity=False).hexdigest()
    if found != wanted:
        raise WeightsUnavailable(
            f"{path} is not the published file: its {algorithm} sum is {found}, not {wanted}. Delete it and try again."
        )
    return path


def _download(url: str, path: Path) -> None:
    with _open(url) as answer, workspace.whole(path) as temporary, open(temporary, "wb") as file:
        size = int(answer.headers.get("Content-Length") or 0)
        with tqdm(total=size or None, desc=path.name, unit="B", unit_scale=True, mininterval=1.0) as progress:
            while block := answer.read(1 << 20):
                file.write(block)
                progress.update(len(block))
        # A connection that breaks off looks like the end of the file.
        if size and file.tell() != size:
            raise ConnectionError(f"the connection broke off after {file.tell()} of {size} bytes")


def _open(url: str) -> http.client.HTTPResponse:
    """`urlopen` in a thread: its timeout covers neither looking up the host's name nor trying many addresses."""
    outcome: queue.Queue = queue.Queue()

    def attempt() -> None:
        try:
            outcome.put(urllib.request.urlopen(url, timeout=PATIENCE))
        except (OSError, http.client.HTTPException) as error:
            outcome.put(error)

    # A daemon, so that a look-up that hangs does not keep the program from ending.
    threading.Thread(target=attempt, daemon=True).start()
    try:
        answer = outcome.get(timeout=PATIENCE)
    except queue.Empty:
        raise TimeoutError(f"no answer within {PATIENCE:.0f} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
