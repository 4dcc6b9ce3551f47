"""Records as AvidXchange has them, as flows see them."""
