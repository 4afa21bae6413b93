"""Where text meets knowledge: the scoring endpoints, and the only mapping between rows and engine."""
