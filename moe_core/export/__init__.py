"""A planned model as a file that other programs and small devices run, and whether they do as planned."""
