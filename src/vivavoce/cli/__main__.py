"""`python -m vivavoce.cli` is the `vivavoce` command."""

from vivavoce.cli.main import main

main()
