"""Which sources can be compiled as one text: those that define no private name in common.

Most of what compiling a source costs is its headers, and a text of twelve sources costs little more
than one.
"""
import pathlib
import re

TOGETHER_MAX = 12  # more would leave a core without work at the end


def private_names(name):
    """What the unnamed namespaces of a source define: the word before ( = { ; of what begins a line."""
    names, inside = set(), False
    for line in pathlib.Path(name).read_text().splitlines():
        if line.startswith("namespace {"):
            inside = True
        elif line.strip() == "}  // namespace":
            inside = False
        elif inside and re.match(r"(?!p\w+:$|using .*::|namespace fs = |template)\w", line):
            head = re.split(r"[({=;:]", line.replace("::", ".").replace(" final", ""), maxsplit=1)[0]
            words = re.findall(r"\w+", head)
            names.update(word for word in words[-1:] if not word.isupper())  # no TEST_F(…)
    return names


def texts_of(sources):
    """Lists of sources, each of which can be one text."""
    texts = []
    for source in sources:
        names = private_names(source)
        for text in texts:
            if len(text["sources"]) < TOGETHER_MAX and not names & text["names"]:
                text["sources"].append(source)
                text["names"] |= names
                break
        else:
            texts.append({"sources": [source], "names": set(names)})
    return [text["sources"] for text in texts]
