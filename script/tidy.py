#!/usr/bin/env python3
"""Runs clang-tidy over sources, in parallel, and remembers which were well.

Usage: script/tidy.py FILE...: the sources among the files, and one that includes each of the headers.
       script/tidy.py --all: every source of the project.

A source is checked again only when it, a file that it includes, the rules or the tool changed. Most
of what a check costs is the headers, so all sources are checked as a few texts (texts.py); a text
that is no C++ is checked source by source.
"""
import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
import texts  # noqa: E402

TOOL = "clang-tidy-14"
BUILD = pathlib.Path("build/dev")
COMMANDS = pathlib.Path("build/tidy")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "baton-tidy"
HEADERS = (r"(base|types|reducers|environments|sql|postgres|local_bus|node_agent|orchestrator|cli|"
           r"examples|tests|bench)/.*\.[ch]pp$")


def understood_by_clang(command):
    """The command without ccache, output and the compiler's own precompiled headers."""
    arguments = shlex.split(command["command"])
    if arguments[0].endswith("ccache"):
        arguments = arguments[1:]
    kept, skip, output = [], False, ""
    for before, argument in zip([""] + arguments, arguments):
        if before == "-o":
            output = argument
        if skip:
            skip = False
        elif argument in ("-include", "-o", "-MT", "-MF", "-c"):
            skip = True
        elif before == "-isystem":
            kept[-1] += argument
        elif argument not in ("-Winvalid-pch", "-MD"):
            kept.append(argument)
    kept.append("-w")  # the compiler warns
    return {"directory": command["directory"], "file": command["file"], "output": output,
            "arguments": kept}


@functools.lru_cache(maxsize=None)
def digest_of_file(name):
    return hashlib.sha256(pathlib.Path(name).read_bytes()).digest()


def included_files():
    """What the compiler read for each object, as the build wrote it down."""
    listing = subprocess.run(["ninja", "-C", str(BUILD), "-t", "deps"], capture_output=True,
                             text=True, check=True).stdout
    files, current = {}, []
    for line in listing.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = files.setdefault(line.split(": #deps")[0], [])
    return files


def digest(command, included):
    """Nothing for a source that was not built: it is checked each time."""
    names = [str((BUILD / name).resolve()) for name in included.get(command["output"], [])]
    names = sorted(name for name in names if not name.endswith((".gch", "cmake_pch.hxx")))
    if command["file"] not in names:
        return None
    whole = hashlib.sha256(TOOL.encode() + pathlib.Path(".clang-tidy").read_bytes())
    whole.update(" ".join(a.rpartition("/")[2] for a in command["arguments"]).encode())
    for name in names:
        whole.update(digest_of_file(name))
    return whole.hexdigest()


def together(commands):
    """Lists of commands whose sources, all of one target, are checked as one text."""
    targets = collections.defaultdict(dict)
    for command in commands:
        targets[command["output"].split(".dir/")[0]][command["file"]] = command
    return [[sources[name] for name in text]
            for sources in targets.values() for text in texts.texts_of(sources)]


def named(commands, included, names):
    """The commands of the sources named, and of one source for each header that none of them includes."""
    chosen = [c for c in commands if c["file"] in names]
    for header in sorted(name for name in names if name.endswith(".hpp")):
        users = [c for c in commands
                 if any(str((BUILD / name).resolve()) == header for name in included[c["output"]])]
        if users and not any(user in chosen for user in users):
            own = [c for c in users if pathlib.Path(c["file"]).stem == pathlib.Path(header).stem]
            chosen.append((own or users)[0])
    return chosen


def run(file, arguments):
    """What the tool said; nothing if all is well."""
    result = subprocess.run([TOOL, "--quiet", f"--header-filter={HEADERS}", file, "--"]
                            + arguments[1:], capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def check(commands):
    """What the tool said of the sources, and whether they could not be checked together."""
    if len(commands) == 1:
        return run(commands[0]["file"], commands[0]["arguments"]), False
    arguments = []
    for command in commands:
        arguments += [a for a in command["arguments"] if a not in arguments]
    text = COMMANDS / (hashlib.sha256(commands[0]["file"].encode()).hexdigest()[:16] + ".cpp")
    text.write_text("".join(f'#include "{command["file"]}"  // NOLINT(bugprone-suspicious-include)\n'
                            for command in commands))
    said = run(str(text.resolve()), arguments)
    if "[clang-diagnostic-error]" not in said:
        return said, False
    return "".join(check([command])[0] for command in commands), True


def main():
    CACHE.mkdir(parents=True, exist_ok=True)
    COMMANDS.mkdir(parents=True, exist_ok=True)
    names = {str(pathlib.Path(name).resolve()) for name in sys.argv[1:] if name != "--all"}
    database = json.loads((BUILD / "compile_commands.json").read_text())
    included = collections.defaultdict(list, included_files())
    commands = [understood_by_clang(c) for c in database 
                if not c["file"].startswith(f"{BUILD.resolve()}/")]
    is_all = "--all" in sys.argv
    wanted = commands if is_all else named(commands, included, names)
    marks = {c["output"]: digest(c, included) for c in wanted}

    def is_new(command):
        mark = marks[command["output"]]
        return not mark or not (CACHE / mark).exists()

    new = [c for c in wanted if is_new(c)]
    lists = sorted(together(new), key=len, reverse=True) if is_all else [[c] for c in new]
    failures = apart = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for text, (said, fell_apart) in zip(lists, pool.map(check, lists)):
            apart += fell_apart
            failures += bool(said)
            if said:
                print(said)
                continue
            for command in text:
                if marks[command["output"]]:
                    (CACHE / marks[command["output"]]).touch()
    print(f"tidy: {len(wanted)} sources, of which {len(new)} changed, in {len(lists)} texts "
          f"({apart} fell apart); {failures} with findings", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
