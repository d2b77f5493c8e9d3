"""Writing one chapter: brief and resources in, checked text and steps out. Knows no Django.

Nothing is imported here: whoever only names a step does not load LangGraph.
"""
