#include "baton/types/upcast.hpp"

#include "baton/base/error.hpp"

namespace baton::types {
namespace {

// "2", "1 to 3", "1, 3 to 5".
std::string ranges_of(const std::vector<int>& numbers) {
    std::string text;
    for (std::size_t first = 0; first < numbers.size();) {
        std::size_t last = first;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
        if (!text.empty()) text += ", ";
        text += std::to_string(numbers[first]);
        if (last > first) text += " to " + std::to_string(numbers[last]);
        first = last + 1;
    }
    return text;
}

}  // namespace

void refuse_version(std::string_view type, int version, const std::vector<int>& known) {
    throw Error(ErrorCode::event_version_unknown, std::string(type) + " has schema version " +
                                                      std::to_string(version) +
                                                      ", this program knows " + ranges_of(known));
}

}  // namespace baton::types
