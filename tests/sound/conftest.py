import pytest
from drawn_voices import voice


@pytest.fixture(scope="session")
def sounds():
    return {f"{number}.mp4": voice(number) for number in range(8)}
