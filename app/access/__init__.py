"""Who calls: API keys with scopes, the organisation (tenant) of a caller, and how often it may call."""
