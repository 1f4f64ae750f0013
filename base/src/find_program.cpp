#include "baton/base/find_program.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "baton/base/text.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;

constexpr auto usual_path = "/usr/local/bin:/usr/bin:/bin";

std::optional<std::string> variable(const std::string& name) {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool can_be_run(const fs::path& path) {
    std::error_code error;
    return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

fs::path find_program(const std::string& name, const fs::path& folder) {
    if (name.find('/') != std::string::npos) {
        fs::path path = (folder / name).lexically_normal();
        if (can_be_run(path)) return path;
        std::error_code error;
        if (!fs::exists(path, error)) {
            throw std::runtime_error("there is no program " + path.string());
        }
        throw std::runtime_error(path.string() + " is no program that may be executed");
    }
    const std::string path = variable("PATH").value_or(usual_path);
    std::string_view folders = path;
    while (!folders.empty()) {
        const std::string_view each = folders.substr(0, folders.find(':'));
        folders.remove_prefix(std::min(folders.size(), each.size() + 1));
        if (!each.starts_with('/')) continue;
        if (fs::path found = fs::path(each) / name; can_be_run(found)) return found;
    }
    throw std::runtime_error("there is no program " + json_quoted(name) + " in PATH, which is " +
                             path);
}

std::vector<std::string> variables_for_child(const std::vector<std::string>& others) {
    constexpr std::array<const char*, 9> usual{"HOME", "LANG",   "LC_ALL", "LC_CTYPE", "LOGNAME",
                                               "PATH", "TMPDIR", "TZ",     "USER"};
    std::vector<std::string> variables;
    for (const char* const name : usual) {
        if (const auto value = variable(name)) variables.push_back(variable_setting(name, *value));
    }
    if (!variable("PATH")) variables.push_back(variable_setting("PATH", usual_path));
    for (const std::string& name : others) {
        if (std::ranges::find(usual, name) != usual.end()) continue;
        const auto value = variable(name);
        if (!value) {
            throw std::runtime_error("the variable " + json_quoted(name) + " is not set");
        }
        variables.push_back(variable_setting(name, *value));
    }
    return variables;
}

std::string variable_setting(std::string_view name, std::string_view value) {
    return std::string(name).append("=").append(value);
}

}  // namespace baton
