"""A study: its notebooks as a graph, run with papermill, side by side; what is current is not run again.

`stages` says what each notebook reads, writes and depends on; `ledger` what was done and why something has to run;
`jobs` which notebook runs how often, `notebook` runs one; `runner` all of them.
"""

from dfdc_utils.study.runner import StudyError, find, listing, run

__all__ = ["StudyError", "find", "listing", "run"]
