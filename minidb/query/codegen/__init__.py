"""Generation of Python from bound statements.  See README.md beside the compiler for the shape of the generated code."""
