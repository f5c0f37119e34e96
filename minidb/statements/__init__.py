"""Statements that are not plans: what `Session` does for BEGIN, SET, LOCK TABLES, SHOW, DDL and the like, one noun a file."""
