"""The storyteller that needs no server to install: model files, and llama.cpp on this machine.

`catalog` knows the two models, `fetch` gets them, `server` starts llama.cpp in a process of its own
and shares it, and `python -m stories.embedded` is that process. No Django here.
"""
