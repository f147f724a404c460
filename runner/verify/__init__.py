"""The ``verify`` command: a report worked out again from its attachments."""
