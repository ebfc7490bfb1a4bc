"""Checks of notebooks 12 and 14: the right answer, and wrong ones that are told what is wrong about them."""

import hashlib

import numpy as np
import pandas as pd
from answers import right, says

from dfdc_utils.classroom.checks import making as check
from dfdc_utils.provenance.chain import START
from dfdc_utils.swap.many import AGAIN, SWAPPED


class Swapper:
    """Adds and subtracts: enough to tell one way from another."""

    def encode(self, person, faces):
        return faces.astype(float).mean(axis=(1, 2)) ** 2 / 255

    def decode(self, person, codes):
        faces = np.sqrt(codes * 255)[:, None, None] + 20 * person
        return np.tile(faces, (1, 4, 4, 1)).round().astype(np.uint8)

    def rebuild(self, person, faces):
        return self.decode(person, self.encode(person, faces))

    def swap(self, person, faces):
        return self.decode(1 - person, self.encode(person, faces))


FACES = np.tile(np.array([20, 180], np.uint8)[:, None, None, None], (1, 4, 4, 3))


def test_weakest_on_swaps():
    rows = [("a", 0.6, 0.9), ("b", 0.7, 0.6), ("c", 0.8, 0.95)]
    found = pd.DataFrame([
        {"title": t, "kind": SWAPPED, "against": against, "auc": auc}
        for t, again, real in rows for against, auc in ((AGAIN, again), ("original", real))
    ])
    right(check.weakest_on_swaps("a", found))
    says(check.weakest_on_swaps("b", found), "against the *originals*")
    says(check.weakest_on_swaps("c", found), "largest")
    says(check.weakest_on_swaps("d", found), "No network")


def test_other_way_round():
    swapper = Swapper()
    right(check.other_way_round(swapper.swap(1, FACES), FACES, swapper))
    says(check.other_way_round(swapper.rebuild(1, FACES), FACES, swapper), "*other* decoder")
    says(check.other_way_round(FACES[:1], FACES, swapper), "shape")
    says(check.other_way_round(..., FACES, swapper), "no answer")


def test_mean_code():
    swapper = Swapper()
    codes = swapper.encode(0, FACES).mean(axis=0, keepdims=True)
    right(check.mean_code(swapper.decode(1, codes), FACES, swapper))
    says(check.mean_code(swapper.decode(0, codes), FACES, swapper), "decoder of A")
    pixels = FACES.mean(axis=0, keepdims=True).astype(np.uint8)
    says(check.mean_code(swapper.decode(1, swapper.encode(0, pixels)), FACES, swapper), "averaged pixels")


def test_broken_by():
    problems = ("signingCredential.untrusted", "assertion.bmffHash.mismatch")
    right(check.broken_by("assertion.bmffHash.mismatch", problems))
    says(check.broken_by("signingCredential.untrusted", problems), "*who*")
    says(check.broken_by("broken", problems), "does not say")


def test_precise_reach():
    found = pd.DataFrame({"threshold": [0, 4, 8], "precision": [1.0, 0.995, 0.9]})
    right(check.precise_reach(4, found))
    says(check.precise_reach(8, found), "below 0.99")
    says(check.precise_reach(0, found), "first threshold")


def test_second_link():
    digests = [hashlib.sha256(name.encode()).hexdigest() for name in "ab"]
    first = hashlib.sha256(f"{START} a {digests[0]}".encode()).hexdigest()
    second = hashlib.sha256(f"{first} b {digests[1]}".encode()).hexdigest()
    recorded = pd.DataFrame({"file": ["a", "b"], "sha256": digests, "link": [first, second]})
    right(check.second_link(second, recorded))
    says(check.second_link(first, recorded), "another entry")
    says(check.second_link(hashlib.sha256(f"{START} b {digests[1]}".encode()).hexdigest(), recorded), "link before")
