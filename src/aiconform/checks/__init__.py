"""One folder per requirement; `framework` is what they are built with."""
