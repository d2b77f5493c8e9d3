"""Databases of earlier releases, as dumps, and a test that the present code takes them over.

`release_0_1_0/` was made with the code of commit 8d3f840, once for SQLite (the database, and the
file of LangGraph's checkpoints beside it) and once for PostgreSQL 15. Two families, all made up,
used that release through its API and pages, and a moderator did so through `generations.rulings`:

- Ada and Ivo have Lina (Mina, once) and León, and a token each; a third token is revoked. Omer has
  נועה, looks at each first chapter himself, and has released one of two.
- A story with two ways from its first chapter and the child's own idea, one that is finished, one
  with a chapter that was withdrawn, four that began from a picture (two in Spanish, one in Hebrew),
  one written word by word, one begun by a ticket, and one that was stopped. The logs of most are
  pruned.
- A sentence held back by a rule, a chapter held back by the judge, a report, and a case of staff's
  own: approved, open, rejected and claimed; two switches, two thresholds, eleven rulings.
- With one slot at the model host, a run was killed with its process in the middle of its chapter
  (its log and its checkpoint are there), and a second one was waiting.

The dumps are those of `sqlite3 FILE .dump` and `pg_dump --inserts --no-owner --no-privileges
--no-comments`, without psql's own commands. The JSON beside each holds the tokens, and what the API
and the bookshelf answered a moment before the process was killed. The next release's databases go
into a folder beside this one, and into `RELEASES` of the test.
"""
