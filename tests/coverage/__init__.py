"""Which lines and branches of each package its own tests run: ``make coverage``."""
