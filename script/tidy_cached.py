#!/usr/bin/env python3
"""Runs clang-tidy over files, in parallel, and remembers which were well.

A file is checked again only when its preprocessed text, the rules or the tool changed. Usage:
script/tidy_cached.py FILE... (headers are checked through the sources that include them).
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

TOOL = "clang-tidy-14"
BUILD = pathlib.Path("build/dev")
COMMANDS = pathlib.Path("build/tidy")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "baton-tidy"


def understood_by_clang(command):
    """The command without ccache, output and the compiler's own precompiled headers."""
    arguments = shlex.split(command["command"])
    if arguments[0].endswith("ccache"):
        arguments = arguments[1:]
    kept, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("-include", "-o", "-MT", "-MF"):
            skip = True
        elif argument not in ("-Winvalid-pch", "-MD"):
            kept.append(argument)
    kept.append("-Wno-unknown-warning-option")
    return {"directory": command["directory"], "file": command["file"], "arguments": kept}


def digest(command):
    text = subprocess.run(command["arguments"] + ["-E", "-P"], cwd=command["directory"],
                          capture_output=True, check=True).stdout
    rules = pathlib.Path(".clang-tidy").read_bytes()
    # -P drops line marks; comments hold NOLINT, so the file itself counts too.
    own = pathlib.Path(command["file"]).read_bytes()
    return hashlib.sha256(TOOL.encode() + rules + own + text).hexdigest()


def check(command):
    """Nothing if the file is well, else what the tool said."""
    mark = CACHE / digest(command)
    if mark.exists():
        return None
    result = subprocess.run([TOOL, "-p", str(COMMANDS), "--quiet", command["file"]],
                            capture_output=True, text=True, check=False)
    if result.returncode == 0:
        mark.touch()
        return None
    return result.stdout + result.stderr


def main():
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = {str(pathlib.Path(name).resolve()) for name in sys.argv[1:]}
    database = json.loads((BUILD / "compile_commands.json").read_text())
    commands = [understood_by_clang(c) for c in database if c["file"] in wanted]
    COMMANDS.mkdir(parents=True, exist_ok=True)
    (COMMANDS / "compile_commands.json").write_text(json.dumps(commands))
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for said in pool.map(check, commands):
            if said:
                failures += 1
                print(said)
    print(f"tidy: {len(commands)} sources, {failures} with findings", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
