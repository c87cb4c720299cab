"""Pictures, drawn with matplotlib and without a window system."""
