#include "progress_lines.hpp"

#include <algorithm>
#include <optional>

#include "baton/base/text.hpp"
#include "baton/types/json.hpp"

namespace baton::node {
namespace {

std::string json_of(std::string_view said) {
    while (!said.empty() && (said.back() == '\r' || said.back() == ' ')) said.remove_suffix(1);
    if (!types::json_fault(said)) return std::string(said);
    return json_quoted(storable_text(said));
}

}  // namespace

void ProgressLines::read(std::string_view bytes) {
    std::optional<std::string> newest;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        if (line_.size() + part.size() > line_max) is_too_long_ = true;
        if (!is_too_long_) line_.append(part);
        if (end == std::string_view::npos) break;
        if (!is_too_long_ && line_.starts_with(progress_mark)) {
            newest = json_of(std::string_view(line_).substr(progress_mark.size()));
        }
        line_.clear();
        is_too_long_ = false;
        bytes.remove_prefix(end + 1);
    }
    if (newest) say_(std::move(*newest));
}

std::string without_progress(std::string_view output) {
    std::string rest;
    while (!output.empty()) {
        const std::size_t length = std::min(output.find('\n'), output.size() - 1) + 1;
        if (!output.starts_with(progress_mark)) rest.append(output.substr(0, length));
        output.remove_prefix(length);
    }
    return rest;
}

}  // namespace baton::node
