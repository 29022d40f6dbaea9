"""Tables become smaller tables: counting, comparing, and how sure one may be; no models, no pictures."""
