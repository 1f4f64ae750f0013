#include "baton/testing/golden.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "baton/base/error.hpp"

namespace baton::testing {
namespace {

std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

std::string first_difference(std::string_view accepted, std::string_view text) {
    for (int number = 1; !accepted.empty() || !text.empty(); ++number) {
        const bool lacks = accepted.empty();
        const bool ends = text.empty();
        const std::string_view former = take_line(accepted);
        const std::string_view line = take_line(text);
        if (former == line && lacks == ends) continue;
        return "line " + std::to_string(number) + ":\n  - " +
               (lacks ? "(the end)" : std::string(former)) + "\n  + " +
               (ends ? "(the end)" : std::string(line));
    }
    return "its end";
}

}  // namespace

Golden golden_mode() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment.
    const char* const value = std::getenv("BATON_WRITE_GOLDEN");
    return value != nullptr && std::string_view(value) == "1" ? Golden::write : Golden::compare;
}

void expect_golden(const std::filesystem::path& file, std::string_view text, Golden mode) {
    if (mode == Golden::write) {
        std::ofstream output(file, std::ios::binary | std::ios::trunc);
        output << text << std::flush;
        if (!output) throw Error(ErrorCode::stream_failed, "cannot write " + file.string());
        return;
    }
    std::ifstream input(file, std::ios::binary);
    if (!input) {
        throw ExpectationFailed("there is no golden file " + file.string() +
                                "; to accept what there is now, write it (docs/testing.md)");
    }
    std::ostringstream accepted;
    accepted << input.rdbuf();
    if (accepted.str() == text) return;
    throw ExpectationFailed(file.string() + " differs (- golden, + now) in " +
                            first_difference(accepted.str(), text));
}

}  // namespace baton::testing
