"""What vendors' own tools and libraries add, where an image or a driver brings them along."""
