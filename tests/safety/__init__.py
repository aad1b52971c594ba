"""What must not happen: code from text, damage from files, and what is left behind by faults."""
