"""What all pages share: who asks, how values are written, what takes longer than a page."""
