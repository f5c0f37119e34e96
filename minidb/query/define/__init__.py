"""From CREATE and ALTER to table definitions."""
