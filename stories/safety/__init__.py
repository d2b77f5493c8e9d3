"""Safety of a story before it is seen: clean prose, rules, a classifier, a judge."""
