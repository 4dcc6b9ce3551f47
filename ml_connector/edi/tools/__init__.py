"""What people look at: summaries, differences, reports, anonymous copies."""
