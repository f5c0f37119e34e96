"""minidb: a miniature MySQL that you import."""

from __future__ import annotations

__version__ = "0.1.0"
