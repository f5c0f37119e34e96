"""The interactive prompt."""

from minidb.repl.prompt import Prompt

__all__ = ["Prompt"]
