"""The synthetic DFDC: talking heads drawn on the spot, in DFDC's layout, with DFDC's four kinds of fakes.

Nobody in it exists: every face is painted by the code in this folder, from a seed.

From the bottom up: `shapes`; `identities`, `lights`, `speech`; `geometry`; `hair`, `skin`, `features`,
`heads`, `bodies`; `rooms`, `cameras`; `scenes`; `forgeries`; `videos`; `dataset`.
"""

from dfdc_utils.data.mini.dataset import draw, truth

__all__ = ["draw", "truth"]
