"""``python -m minidb``: the same as the `minidb` command."""

from minidb.cli import main

if __name__ == "__main__":
    main(prog_name="minidb")
