"""One check for each exercise of the notebooks: it is given the answer, and says ✅ or ❌ and why.

The answer that it expects is worked out from what the notebook has at hand, so it fits every study; what it says never
gives it away. The checks of 00 to 02 are in `data`, of 03 to 06 in `networks`, of 07 to 10 in `results`.
"""
