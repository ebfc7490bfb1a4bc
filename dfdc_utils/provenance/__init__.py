"""What an original can prove of itself: a signature in the file, a chain of hashes over a folder, a perceptual hash.

None of them looks for forgeries. They answer another question than a detector: is this file the one that was signed,
is this folder the one that was recorded, and which known clip does this one look like?
"""
