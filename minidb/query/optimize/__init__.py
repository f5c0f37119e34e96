"""Access paths, join order, costs."""
