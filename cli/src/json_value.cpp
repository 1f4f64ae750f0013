#include "json_value.hpp"

#include <simdjson.h>

#include <algorithm>

namespace baton::cli {

struct JsonTree {
    static JsonValue of(const simdjson::dom::element& element) {
        JsonValue value;
        value.is_null_ = element.is_null();
        std::int64_t integer = 0;
        if (element.get(integer) == simdjson::SUCCESS) value.integer_ = integer;
        double number = 0;
        if (element.get(number) == simdjson::SUCCESS) value.number_ = number;
        if (element.is_array()) {
            for (const auto item : element.get_array()) value.items_.push_back(of(item));
        } else if (element.is_object()) {
            for (const auto& [name, member] : element.get_object()) {
                value.members_.emplace_back(name, of(member));
            }
        } else if (element.is_string()) {
            value.text_ = std::string_view(element);
        } else if (!value.is_null_) {
            value.text_ = simdjson::to_string(element);
        }
        return value;
    }
};

JsonValue JsonValue::parse(std::string_view json) {
    simdjson::dom::parser parser;
    return JsonTree::of(parser.parse(json.data(), json.size()));
}

const JsonValue& JsonValue::operator[](std::string_view name) const {
    static const JsonValue null;
    const auto found = std::ranges::find(members_, name, &std::pair<std::string, JsonValue>::first);
    return found == members_.end() ? null : found->second;
}

}  // namespace baton::cli
