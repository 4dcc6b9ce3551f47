"""Access tokens: asked for, renewed, kept and shared between processes."""
