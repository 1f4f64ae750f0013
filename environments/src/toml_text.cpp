#include "toml_text.hpp"

#include <sstream>

namespace baton::environments {

std::string type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a fraction";
        case toml::node_type::boolean:
            return "a boolean";
        default:
            return "a date or time";
    }
}

std::string json_of(const toml::array& array) {
    std::ostringstream text;
    text << toml::json_formatter{array, toml::format_flags::none};
    return text.str();
}

}  // namespace baton::environments
