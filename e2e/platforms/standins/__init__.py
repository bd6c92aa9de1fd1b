"""Small programs that take the place of platform pieces; see README.md."""
