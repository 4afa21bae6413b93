"""The Model Context Protocol: assistants judge a situation and look up the catalogue; extra `mcp`."""
