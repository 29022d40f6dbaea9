"""The source article's GPT-2 snippet: a dense baseline, and what byte-level tokens make of Chinese."""
