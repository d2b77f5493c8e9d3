"""Execution: the engine that claims runs, writes them and tidies up after them."""
