"""`python -m dfdc_utils`: the command line."""

import sys

from dfdc_utils.cli import main

sys.exit(main())
