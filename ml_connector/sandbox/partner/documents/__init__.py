"""The partners' documents: how they are read and written, with a small X12 of their own."""
