"""Ears beside the eyes: is a voice the one that these lips speak (`sync`), and did a machine rebuild it (`artefacts`)?

DFDC labels a clip as a whole, and never says whether its picture or its sound was forged. So the detectors here learn
from originals alone, whose sound is replaced or rebuilt on the spot (`forged`), and are then asked about whole clips.
"""
