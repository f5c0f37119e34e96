"""A consistent copy of a database while others write to it.  README.md has the argument and the rules."""
