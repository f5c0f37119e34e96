"""SHOW, EXPLAIN, and the tables made at the moment of reading."""
