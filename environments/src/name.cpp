#include "baton/environments/name.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton::environments {
namespace {

// Not std::isalpha and its kin: they depend on the locale.
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > name_length_max) return false;
    if (!is_letter(name.front()) || name.back() == '-') return false;
    if (name.find("--") != std::string_view::npos) return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

std::string schema_of(std::string_view name) {
    if (!is_name(name)) {
        throw Error(
            ErrorCode::name_invalid,
            "the environment name " + json_quoted(name) +
                " is not allowed; use 1 to 40 lower-case letters, digits and single hyphens "
                "between them, a letter first");
    }
    std::string schema = "baton_" + std::string(name);
    std::replace(schema.begin(), schema.end(), '-', '_');
    return schema;
}

}  // namespace baton::environments
