"""The ``deliver`` command: a report checked, then written as a message or sent."""
