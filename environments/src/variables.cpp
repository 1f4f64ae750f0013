#include "variables.hpp"

#include <string_view>

#include "baton/base/text.hpp"

namespace baton::environments {
namespace {

// For a value of key=value, quoted or not.
std::string backslashed(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (std::string_view(" \t\n\r\f\v'\\").find(c) != std::string_view::npos) escaped += '\\';
        escaped += c;
    }
    return escaped;
}

// `value` as it must stand between `before` and `after`, which are parts of the file's text.
std::string encoded_for(std::string_view before, std::string_view after, const std::string& value) {
    if (before.empty() && after.empty()) return value;  // a whole URL
    const bool is_pairs = before.find("://") == std::string_view::npos;
    if (is_pairs) return before.find('=') == std::string_view::npos ? value : backslashed(value);
    const bool is_parameter = before.find('?') != std::string_view::npos;
    const bool is_user =
        before.find('@') == std::string_view::npos && after.find('@') != std::string_view::npos;
    // Hosts are left as they are: there may be several in one variable, with ports.
    return is_parameter || is_user ? percent_encoded(value) : value;
}

}  // namespace

std::string expanded_url(const std::string& url, const Variable& variable,
                         std::vector<std::string>& problems) {
    std::string expanded;
    const std::string_view text = url;
    std::size_t at = 0;
    for (std::size_t open = 0; (open = text.find("${", at)) != std::string_view::npos;) {
        const std::size_t close = text.find('}', open);
        if (close == std::string_view::npos) {
            problems.emplace_back("connection.url has a \"${\" without its \"}\"");
            return expanded;
        }
        const std::string name(text.substr(open + 2, close - open - 2));
        const auto value = variable(name);
        if (!value || value->empty()) {
            problems.push_back("connection.url needs the environment variable " +
                               json_quoted(name) + ", which is not set");
        } else {
            expanded += text.substr(at, open - at);
            expanded += encoded_for(text.substr(0, open), text.substr(close + 1), *value);
        }
        at = close + 1;
    }
    return expanded.append(text.substr(at));
}

}  // namespace baton::environments
