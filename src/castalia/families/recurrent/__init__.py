"""Recurrent networks (LSTM, GRU) for sequences and streams of tokens."""
