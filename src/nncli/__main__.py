"""`python -m nncli`."""

import sys

from nncli.cli import main

if __name__ == "__main__":
    sys.exit(main())
