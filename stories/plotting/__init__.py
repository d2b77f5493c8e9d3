"""Plots of whole stories: decks of authored cards, the draw for one child, a chapter's plan.

The cards are data of each language (`stories/languages/<code>/decks`). A story's plan is drawn once
and stored with it, so that it goes on the same way when the decks change.
"""
