// What is in a TOML file, as texts.
//
// Threads: pure functions.
#pragma once

#include <toml++/toml.h>

#include <string>

namespace baton::environments {

/// For people: "a table".
[[nodiscard]] std::string type_name(const toml::node& node);

/// As JSON, on one line.
[[nodiscard]] std::string json_of(const toml::array& array);

}  // namespace baton::environments
