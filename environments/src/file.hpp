// The file of an environment, read and checked but not yet merged with anything.
//
// Threads: values only.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "baton/environments/environment.hpp"

namespace baton::environments {

/// A value as somebody wrote it.
using Given = Setting<std::string>;

using GivenList = Setting<std::vector<std::string>>;

/// One of several tables of a name.
struct GivenTable {
    std::string origin;
    std::map<std::string, Given, std::less<>> values;     ///< By key, checked against its rule.
    std::map<std::string, GivenList, std::less<>> lists;  ///< Likewise.
};

struct File {
    std::map<std::string, Given, std::less<>> values;     ///< By key, checked against its rule.
    std::map<std::string, Given, std::less<>> views;      ///< [policy.views]
    std::map<std::string, GivenList, std::less<>> lists;  ///< By key.
    std::map<std::string, Setting<ViewSetSetting>, std::less<>> view_sets;  ///< [view_sets]
    std::vector<GivenTable> handlers;                                       ///< [[handler]]
    std::vector<GivenTable> schedules;                                      ///< [[schedule]]
    std::vector<GivenTable> workflows;                                      ///< [[workflow]]
    bool is_toml = false;               ///< When it is not, there is one problem, and nothing else.
    std::vector<std::string> problems;  ///< "path:line: what", in the order of the lines.
};

/// Reads `path`; everything that is wrong with it is among the problems.
[[nodiscard]] File read_file(const std::filesystem::path& path);

}  // namespace baton::environments
