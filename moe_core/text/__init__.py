"""What can be said about a text without a model: scripts, words, parts of speech."""
