"""`python -m wmtp_assets.sample`: everything with its checks, from the sample (rehearse.py)."""

import sys

from wmtp_assets.rehearse import main

if __name__ == "__main__":
    sys.exit(main())
