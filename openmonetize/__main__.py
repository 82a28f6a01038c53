"""``python -m openmonetize`` is the command ``openmonetize``."""

from __future__ import annotations

import sys

from openmonetize.cli import main

if __name__ == "__main__":
    sys.exit(main())
