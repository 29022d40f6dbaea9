"""DataFrame in, plotly figure out: one file per tab; a figure's docstring is the caption its reader sees."""
