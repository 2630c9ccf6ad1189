"""Sequential trees for rows: each column drawn from a tree given the columns before it, fitted in one go."""
