// Text of strangers on a person's screen.
//
// Types, keys, names of nodes and what a server answers can hold anything: an escape sequence moves
// the cursor and recolours what stands there, a line end forges the next line, a direction mark
// turns a word round. Whatever is printed for people goes through terminal_line(), and JSON that
// may be printed through terminal_json().
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace baton {

/// `text` on one line, and without power over a terminal: control characters (C0, DEL, C1), line
/// and paragraph separators, marks of direction and characters without a shape are shown as `\n`,
/// `\x1b` or `\u202e`, bytes that are not UTF-8 as `\xff`; a tab is a space.
[[nodiscard]] std::string terminal_line(std::string_view text);

/// The same JSON, in which those of these characters that JSON allows as they are stand as \uXXXX.
[[nodiscard]] std::string terminal_json(std::string_view json);

}  // namespace baton
