"""Lessons out of the notebooks: what students and teachers get, exercises and their checks, questions, slides, data."""
