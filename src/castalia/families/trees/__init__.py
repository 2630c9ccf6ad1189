"""Sequential trees for rows: each column drawn from boosted trees given the columns before it, learnt in one step."""
