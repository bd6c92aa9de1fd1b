"""`python -m aiconform.cli` is `aiconform`."""

import sys

from aiconform.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
