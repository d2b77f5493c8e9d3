"""What keeps a story safe before it is seen: clean prose, rules, a classifier, a judge."""
