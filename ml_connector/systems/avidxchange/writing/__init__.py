"""Records as flows have them, as AvidXchange takes them."""
