"""A real JupyterLab and a real Chromium, for tests of what a person clicks on."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest

from dfdc_utils.places import project_root

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextlib.contextmanager
def chromium():
    """A browser; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("There is no Chromium.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root has no sandbox.
        with playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser:
            yield browser


@contextlib.contextmanager
def jupyterlab(folder, settings):
    """JupyterLab on `folder`, its kernels with these environment variables: gives the address of a notebook there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--IdentityProvider.token=t", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None",
    ]
    settings = {
        "JUPYTER_CONFIG_DIR": str(folder / ".config"), "PYTHONPATH": str(project_root()),
        "MPLBACKEND": "",  # or figures would be drawn as for the tests
    } | settings
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.3)
        yield lambda notebook: f"http://127.0.0.1:{port}/lab/tree/{notebook}?token=t&reset"
    finally:
        server.terminate()
        server.wait(30)


def open_notebook(page, address):
    """Opens a notebook and waits until its kernel answers: what is asked of one that is still starting gets lost."""
    page.goto(address)
    page.wait_for_selector(".jp-CodeCell")
    page.get_by_text("| Idle").wait_for()


def run_all_cells(page):
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
