"""`python -m mdk_jupyter.cli`."""

from mdk_jupyter.cli import main

main()
