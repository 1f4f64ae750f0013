#include "baton/types/value_reader.hpp"

#include "baton/base/text.hpp"

namespace baton::types {

void ValueReader::enter(bool array) {
    if (path_.size() >= static_cast<std::size_t>(Json::depth_max)) {
        fail("nested deeper than " + std::to_string(Json::depth_max));
    }
    path_.push_back({{}, -1, array});
}

std::string ValueReader::path() const {
    std::string path;
    for (const Step& step : path_) {
        if (step.in_array) {
            if (step.element >= 0) path += '[' + std::to_string(step.element) + ']';
        } else if (!step.field.empty()) {
            if (!path.empty()) path += '.';
            path += storable_text(step.field, 64);
        }
    }
    return path;
}

void ValueReader::fail(std::string_view what) const {
    const std::string where = path();
    if (where.empty()) throw DecodeFailure(std::string(what));
    throw DecodeFailure("field \"" + where + "\": " + std::string(what));
}

void ValueReader::fail_missing(std::string_view field) const {
    std::string where = path();
    if (!where.empty()) where += '.';
    throw DecodeFailure("field \"" + where + std::string(field) + "\" is missing");
}

}  // namespace baton::types
