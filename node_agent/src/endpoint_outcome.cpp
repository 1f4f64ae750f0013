#include "endpoint_outcome.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

#include "baton/base/text.hpp"
#include "baton/types/json.hpp"
#include "endpoint_secret.hpp"
#include "trimmed.hpp"

namespace baton::node {
namespace {

using namespace std::chrono_literals;
using Endpoint = EndpointVerdict::Endpoint;

// "120", or a date of HTTP.
std::optional<std::chrono::milliseconds> pause_of(std::string_view text) {
    constexpr std::int64_t seconds_max = 3600;
    if (text.empty()) return std::nullopt;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
        const std::time_t then = ::curl_getdate(std::string(text).c_str(), nullptr);
        if (then == -1) return std::nullopt;
        seconds = then - std::time(nullptr);
    } else if (error == std::errc::result_out_of_range) {
        seconds = seconds_max;
    }
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, seconds_max));
}

std::string said_by(const HttpAnswer& answer) {
    constexpr std::size_t shown_max = 1000;
    const std::string_view said = trimmed(answer.body);
    if (said.empty()) return "";
    return ": " + storable_text(said, shown_max);
}

EndpointVerdict verdict_of_success(const HttpAnswer& answer, int version) {
    const std::string_view served = answer.header(version_header);
    if (served != std::to_string(version)) {
        const std::string which = served.empty()
                                      ? "its answer does not say which version of the handler it is"
                                      : "it was answered by version " + storable_text(served, 100);
        return {
            retry(which + ": the header " + version_header + " must be " + std::to_string(version)),
            Endpoint::nothing};
    }
    return {{.result = result_of(answer.body)}, Endpoint::works};
}

EndpointVerdict verdict_of_status(const HttpAnswer& answer, int version) {
    const int status = answer.status;
    if (status >= 200 && status < 300) {
        return verdict_of_success(answer, version);
    }
    const std::string reason = "status " + std::to_string(status) + said_by(answer);
    if (status < 400) {
        return {retry(status < 300 ? reason
                                   : "status " + std::to_string(status) +
                                         ": it redirects, which is not followed"),
                Endpoint::fails};
    }
    if (status == 410) {
        Outcome later = snooze(2s);
        later.reason = reason;
        return {later, Endpoint::is_gone};
    }
    const std::optional<std::chrono::milliseconds> pause = pause_of(answer.header("retry-after"));
    if (status == 429 || (status == 503 && pause)) {
        // At least so long that a claim does not come at once again.
        Outcome later = snooze(std::max<std::chrono::milliseconds>(pause.value_or(5s), 100ms));
        later.reason = reason;
        return {later, Endpoint::is_busy};
    }
    if (status >= 500) return {retry(reason), Endpoint::fails};
    if (status == 408 || status == 425) return {retry(reason), Endpoint::nothing};
    return {dead_letter(reason), Endpoint::nothing};
}

}  // namespace

std::string result_of(std::string_view body) {
    constexpr std::size_t text_max = 4096;
    body = trimmed(body);
    if (body.empty()) return "{}";
    if (!types::json_fault(body)) return std::string(body);
    return R"({"body": )" + json_quoted(storable_text(body.substr(0, text_max), 3 * text_max)) +
           "}";
}

EndpointVerdict verdict_of(const HttpAnswer& answer, int version,
                           const std::vector<std::string>& secrets) {
    // Who is told to end may have done it, or not.
    if (answer.was_unwanted) return {snooze(0ms), Endpoint::nothing};
    EndpointVerdict verdict =
        answer.fault.empty()
            ? verdict_of_status(answer, version)
            : EndpointVerdict{retry(answer.status == 0 ? answer.fault
                                                       : "status " + std::to_string(answer.status) +
                                                             ", but " + answer.fault),
                              Endpoint::fails};
    verdict.outcome.reason = without_secrets(std::move(verdict.outcome.reason), secrets);
    const std::string result = without_secrets(verdict.outcome.result, secrets);
    if (result != verdict.outcome.result) {
        verdict.outcome.result = types::json_fault(result) ? R"({"body": "[secret]"})" : result;
    }
    return verdict;
}

}  // namespace baton::node
