"""The reader's language: numbers, dates, catalogues, and the user's templates as text."""
