"""From text to syntax tree: grammar, lexer, LALR automaton, builders; normalising and splitting of text."""
