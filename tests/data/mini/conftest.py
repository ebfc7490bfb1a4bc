"""Small scenes for the tests of the synthetic DFDC."""

import pytest

from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Scene, Setting


def cast(count, seed=7):
    return tuple(Identity.draw(f"person_{k}", (seed, k), (k + 0.5) / count) for k in range(count))


@pytest.fixture(scope="session")
def people():
    return cast(4)


@pytest.fixture(scope="session")
def setting(people):
    return Setting(seed=(1, 2, 3), people=people[1:2], width=320, height=240, frames=12, rate=12)


@pytest.fixture(scope="session")
def scene(setting):
    return Scene(setting)
