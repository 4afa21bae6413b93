"""What we know: concepts, differences, criteria, factors, styles, skills, programs and facts, with their sources."""
