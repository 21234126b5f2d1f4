"""The shapes that cross a wall: what may be asked, what is shown, what is told."""
