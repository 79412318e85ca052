"""``python -m tests.bench``: see `tests.bench.running`."""

if __name__ == "__main__":
    # Every process that is started anew imports this module first, as it does the launcher of the command line.
    from tests.bench.running import main

    main()
