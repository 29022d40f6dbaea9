"""What if a router had decided otherwise: the choices, how they are applied, what they explain and what they cost."""
