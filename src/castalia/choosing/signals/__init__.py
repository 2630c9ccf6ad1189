"""Signals: each module looks at one side of a request and says, in words, what it speaks for."""
