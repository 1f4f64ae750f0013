#include "command_outcome.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "baton/base/text.hpp"
#include "baton/types/json.hpp"
#include "progress_lines.hpp"
#include "trimmed.hpp"

namespace baton::node {
namespace {

using namespace std::chrono_literals;

// Of sysexits.h.
constexpr int wrong_input = 65;
constexpr int not_now = 75;

std::string_view last_line(std::string_view text) {
    text = trimmed(text);
    const std::size_t end = text.rfind('\n');
    return end == std::string_view::npos ? text : trimmed(text.substr(end));
}

bool is_json(std::string_view text) { return !types::json_fault(text); }

std::string result_of(const Tail& output) {
    constexpr std::size_t text_max = 4096;
    const std::string rest = without_progress(output.bytes);
    const std::string_view all = trimmed(rest);
    if (all.empty()) return "{}";
    if (!output.is_cut && is_json(all)) return std::string(all);
    const std::string_view line = last_line(all);
    if (line.size() < all.size() && is_json(line)) return std::string(line);
    const std::string_view kept = all.substr(all.size() - std::min(all.size(), text_max));
    return R"({"stdout": )" + json_quoted(storable_text(kept, 3 * text_max)) + "}";
}

std::chrono::milliseconds pause_of(const Tail& output) {
    constexpr std::int64_t seconds_max = 1'000'000'000;
    std::int64_t seconds = 0;
    const std::string rest = without_progress(output.bytes);
    const std::string_view line = last_line(rest);
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
    const bool is_said = !line.empty() && error == std::errc{} && end == line.data() + line.size();
    return is_said ? std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, seconds_max)) : 60s;
}

std::string reason_of(const ProcessOutcome& ended, std::chrono::milliseconds time_limit) {
    std::string reason;
    if (ended.is_late) {
        reason = "it took longer than " + std::to_string(time_limit.count()) + " ms";
    } else if (ended.end.signal) {
        const char* const name = ::sigdescr_np(*ended.end.signal);
        reason = "ended by signal " + std::to_string(*ended.end.signal);
        if (name != nullptr) reason.append(" (").append(name).append(")");
    } else {
        reason = "exit code " + std::to_string(ended.end.code.value_or(-1));
    }
    const std::string_view said = trimmed(ended.error_output.bytes);
    if (said.empty()) return reason;
    return reason.append(ended.error_output.is_cut ? "; the end of stderr: " : "; stderr: ")
        .append(said);
}

}  // namespace

Outcome outcome_of(const ProcessOutcome& ended, std::chrono::milliseconds time_limit) {
    // Who is told to end may end in any way, whether it had done its work or not.
    if (ended.wish != Wish::go_on) return snooze(0ms);
    if (!ended.is_late && ended.end.code == 0) return {.result = result_of(ended.output)};
    if (!ended.is_late && ended.end.code == not_now) return snooze(pause_of(ended.output));
    const std::string reason = reason_of(ended, time_limit);
    if (!ended.is_late && ended.end.code == wrong_input) return dead_letter(reason);
    return retry(reason);
}

}  // namespace baton::node
