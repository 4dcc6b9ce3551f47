"""The pages: what waits, documents, and what people do about them."""
