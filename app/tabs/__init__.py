"""One question a tab: its layout, its events and thin callbacks."""
