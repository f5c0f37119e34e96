"""From names to columns: scopes, bound trees, static types."""
