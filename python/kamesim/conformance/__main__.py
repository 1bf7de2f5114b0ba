"""`./kamesim conformance`."""

import sys

from kamesim.conformance.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
