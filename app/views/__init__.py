"""A session becomes the values that the widgets show: same names as the tabs, no events."""
