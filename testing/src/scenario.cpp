#include "baton/testing/scenario.hpp"

#include <algorithm>
#include <cstddef>

namespace baton::testing {
namespace {

std::string lines(const std::vector<std::string>& rows, const std::vector<std::string>& without,
                  const char* mark) {
    std::string text;
    for (const std::string& row : rows) {
        if (std::ranges::find(without, row) != without.end()) continue;
        text.append("\n  ").append(mark).append(" ").append(row);
    }
    return text;
}

}  // namespace

void require_rows(const std::vector<std::string>& expected, const std::vector<std::string>& rows) {
    if (expected == rows) return;
    const std::string difference = lines(expected, rows, "-") + lines(rows, expected, "+");
    throw ExpectationFailed("the view has other rows (- expected, + there):" +
                            (difference.empty() ? "\n  the same, in another order" : difference));
}

void require_pure(std::string_view reducer, const std::vector<std::string>& first,
                  const std::vector<std::string>& second) {
    if (first == second) return;
    throw ExpectationFailed("the reducer " + std::string(reducer) +
                            " is not pure: the same events gave, the second time, other rows "
                            "(- first, + second):" +
                            lines(first, second, "-") + lines(second, first, "+"));
}

std::string SqlScenario::once() const {
    sql::GivenSql given(connection_, file_);
    for (const auto& [event, dispatched_at] : events_) given.and_then(event, dispatched_at);
    return given.rows_json();
}

std::string SqlScenario::folded() const {
    std::string first = once();
    const std::string second = once();
    require_pure(file_, {first}, {second});
    return first;
}

}  // namespace baton::testing
