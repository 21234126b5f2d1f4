"""What is needed to break things on purpose."""
