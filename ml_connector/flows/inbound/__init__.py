"""Files come in and become documents; they are answered and tidied."""
