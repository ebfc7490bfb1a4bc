"""Fetching a published file of weights: within seconds, or with one plain message why not."""

import os
import threading
from concurrent.futures import Future
from pathlib import Path

from tqdm import tqdm

PATIENCE = 10.0
"""Seconds without an answer after which a host counts as out of reach."""


class WeightsUnavailable(RuntimeError):
    """A file of published weights is neither on this machine nor to be had."""


def cache() -> Path:
    """The folder in which Keras itself keeps weights and looks for them."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def fetch(url: str, path: Path, *, checksum: str) -> Path:
    """`path`, downloaded from `url` unless the published file is there already, by its checksum ("md5:…", "sha256:…").

    Raises WeightsUnavailable, naming the file, the cause and the way out.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(url, checksum, fname=path.name, path=path.parent, downloader=_download)
    except (OSError, ValueError) as error:
        cause: BaseException = error
        while cause.__context__:
            cause = cause.__context__
        raise WeightsUnavailable(
            f"The weights {path.name} cannot be downloaded.\n"
            f"  Cause: {str(cause) or f'no answer within {PATIENCE:.0f} seconds'}\n"
            f"  Way out: download {url} on another machine and put it at {path}, "
            f"or start at random, with the setting weights=random."
        ) from error
    return path


def _download(url: str, file: str, _) -> None:
    """pooch's own download, after a first request in a thread: its timeout covers neither looking up the host's
    name nor trying many addresses."""
    import pooch

    answer: Future[bool] = Future()

    def ask() -> None:
        try:
            answer.set_result(pooch.HTTPDownloader(timeout=PATIENCE)(url, None, None, check_only=True))
        except OSError as error:
            answer.set_exception(error)

    # A daemon, so that a look-up that hangs does not keep the program from ending.
    threading.Thread(target=ask, daemon=True).start()
    answer.result(timeout=PATIENCE)
    # The bar is drawn once a second at most: executed notebooks and log files stay short.
    with tqdm(total=1, desc=url.rpartition("/")[2], unit="B", unit_scale=True, mininterval=1.0) as bar:
        pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 20, timeout=PATIENCE)(url, file, None)
    # It began as a temporary file, which its owner alone may read; a cache can be shared.
    os.chmod(file, 0o644)
