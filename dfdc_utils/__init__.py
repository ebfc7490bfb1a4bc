"""Deepfake detection on the Deepfake Detection Challenge (DFDC).

Rooms, from the bottom up: `profiles`, `workspace`, `environment`; `data`; `faces`; `models`; `training`;
`evaluation`, `explain`; `plots`; `study`, `cli`. Importing the package imports none of them, so that it is
instant; TensorFlow is imported by the rooms that need it.
"""

__version__ = "0.1.0"
