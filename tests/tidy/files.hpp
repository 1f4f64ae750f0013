// The files of the project, for the rules that are tests.
//
// Threads: the main thread only.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

/// The project's folder.
extern const std::filesystem::path root;

/// What the file says; its name is relative to the project's folder, as everywhere here.
[[nodiscard]] std::string read(const std::string& name);

[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

/// What git tracks, or would if it were added.
[[nodiscard]] const std::vector<std::string>& tracked();

[[nodiscard]] bool has_ending(const std::string& name,
                              std::initializer_list<std::string_view> endings);

/// The C++ and SQL among the files.
[[nodiscard]] std::vector<std::string> sources();

/// The first part of a name.
[[nodiscard]] std::string folder_of(const std::string& name);

}  // namespace baton
