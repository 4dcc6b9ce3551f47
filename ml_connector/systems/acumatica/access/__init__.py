"""Who is in: tokens and cookies, seats, and the locks that actions put on forms."""
