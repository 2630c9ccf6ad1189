"""Images: small pictures learnt from a folder, and drawn from what was learnt."""
