#include "access.hpp"

#include <algorithm>

#include "baton/base/check.hpp"

namespace baton::sql {
namespace {

// "dispatch, observe" as "dispatch", "observe".
std::string quoted_words(std::string_view words) {
    std::string quoted;
    while (!words.empty()) {
        const std::string_view word = words.substr(0, words.find(", "));
        BATON_CHECK(std::ranges::find(group_role_words, word) != group_role_words.end());
        quoted += (quoted.empty() ? "\"" : ", \"") + std::string(word) + '"';
        words.remove_prefix(std::min(words.size(), word.size() + 2));
    }
    return quoted;
}

std::string roles_of(const SqlFile& file) {
    static constexpr std::string_view label = "-- Access: ";
    std::string_view rest = file.text;
    while (rest.starts_with("--")) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (line.starts_with(label)) return quoted_words(line.substr(label.size()));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return {};
}

std::string object_of(std::span<const SqlFile> files, std::string_view folder) {
    std::string members;
    for (const SqlFile& file : files) {
        if (!file.name.starts_with(folder)) continue;
        std::string_view name = file.name.substr(file.name.rfind('/') + 1);
        name = name.substr(0, name.find('.'));
        members += (members.empty() ? "\n\"" : ",\n\"") + std::string(name) + "\": [" +
                   roles_of(file) + ']';
    }
    return '{' + members + '}';
}

}  // namespace

std::string access_text(std::span<const SqlFile> files) {
    return "'{\"functions\": " + object_of(files, "functions/") +
           ",\n\"views\": " + object_of(files, "views/") + "}'";
}

}  // namespace baton::sql
