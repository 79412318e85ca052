"""Run the command line from a checkout: ``python3 cli.py``. Installed, it is ``evidence-kit``."""

from evidence_kit.cli import main

if __name__ == "__main__":
    main()
