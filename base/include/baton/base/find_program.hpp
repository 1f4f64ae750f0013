// Which file a command's first word is, and what a child process is told of this one's environment.
//
// Threads: may be called from any, as long as nobody changes this process's environment.
// Errors: std::runtime_error with what is wrong, as the end of somebody's sentence.
// Cost: a few system calls.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

/// The file of the program `name`: in PATH, or, if it has a '/', from `folder`.
[[nodiscard]] std::filesystem::path find_program(const std::string& name,
                                                 const std::filesystem::path& folder);

/// "NAME=value" of what most programs want to know (HOME, LANG, LC_ALL, LC_CTYPE, LOGNAME, PATH,
/// TMPDIR, TZ, USER), and of `others`. So no password of a database is among them that nobody
/// named.
[[nodiscard]] std::vector<std::string> variables_for_child(const std::vector<std::string>& others);

/// "name=value".
[[nodiscard]] std::string variable_setting(std::string_view name, std::string_view value);

}  // namespace baton
