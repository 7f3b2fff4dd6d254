"""`python -m readoff` is the command `readoff`."""

import sys

from readoff.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
