"""A counted battery of bad input: what a user may hand over by mistake, and how clearly hierlm says so."""
