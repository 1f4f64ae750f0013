#!/usr/bin/env python3
"""A handler that is a command: counts the words of a note. ../../docs/tasks.md says what it gets
and what its exit code means."""
import json
import os
import sys

note = json.load(sys.stdin)
if "text" not in note:
    print("the note has no text", file=sys.stderr)
    sys.exit(65)  # EX_DATAERR: there is no use in trying again

print("task", os.environ["BATON_TASK_ID"], "attempt", os.environ["BATON_ATTEMPT"])
print(json.dumps({"words": len(note["text"].split())}))  # the last line: the result
