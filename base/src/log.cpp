#include "baton/base/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <string>

#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"

namespace baton {
namespace {

// The fields of the line that this thread logs. A formatter is given a text and no more, and runs
// in the thread that logs.
thread_local std::span<const LogField> fields_of_line;

void append(spdlog::memory_buf_t& line, std::string_view text) {
    line.append(text.data(), text.data() + text.size());
}

std::string_view text_of(const spdlog::details::log_msg& message) {
    return {message.payload.data(), message.payload.size()};
}

// A value that could be taken for more than one, or for none, is quoted.
std::string for_people(const LogField& field) {
    if (const auto* const number = std::get_if<std::int64_t>(&field.value)) {
        return std::to_string(*number);
    }
    const std::string_view text = std::get<std::string_view>(field.value);
    const bool is_plain = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
    return is_plain ? terminal_line(text) : terminal_json(json_quoted(text));
}

std::string for_machines(const LogField& field) {
    if (const auto* const number = std::get_if<std::int64_t>(&field.value)) {
        return std::to_string(*number);
    }
    return terminal_json(json_quoted(std::get<std::string_view>(field.value)));
}

class HumanFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
        start_.format(message, line);
        append(line, terminal_line(text_of(message)));
        for (const LogField& field : fields_of_line) {
            append(line, " ");
            append(line, field.name);
            append(line, "=");
            append(line, for_people(field));
        }
        append(line, "\n");
    }

    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<HumanFormatter>();
    }

private:
    spdlog::pattern_formatter start_{"%H:%M:%S.%e %l ", spdlog::pattern_time_type::local, ""};
};

class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
        time_.format(message, line);
        const auto level = spdlog::level::to_string_view(message.level);
        append(line, R"(","level":")");
        append(line, {level.data(), level.size()});
        append(line, "\"");
        if (const std::string_view code = code_of(message); !code.empty()) {
            append(line, R"(,"code":")");
            append(line, code);
            append(line, "\"");
        }
        append(line, R"(,"message":)");
        append(line, terminal_json(json_quoted(text_of(message))));
        for (const LogField& field : fields_of_line) {
            append(line, ",\"");
            append(line, field.name);
            append(line, "\":");
            append(line, for_machines(field));
        }
        append(line, "}\n");
    }

    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }

private:
    static std::string_view code_of(const spdlog::details::log_msg& message) {
        std::string_view code = code_in(text_of(message));
        for (const LogField& field : fields_of_line) {
            const auto* const text = std::get_if<std::string_view>(&field.value);
            if (code.empty() && text != nullptr && field.name == "error") code = code_in(*text);
        }
        return code;
    }

    // "BT017" of "… [BT017] …", or nothing. The last one: what stands before it may be quoted.
    static std::string_view code_in(std::string_view text) {
        constexpr std::size_t length = 5;
        const std::size_t at = text.rfind("[BT");
        if (at == std::string_view::npos || text.size() < at + length + 2) return {};
        const std::string_view code = text.substr(at + 1, length);
        const bool is_code = text[at + 1 + length] == ']' &&
                             code.find_first_not_of("0123456789", 2) == std::string_view::npos;
        return is_code ? code : std::string_view();
    }

    spdlog::pattern_formatter time_{R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z)",
                                    spdlog::pattern_time_type::utc, ""};
};

}  // namespace

spdlog::logger& log() {
    static spdlog::logger logger = [] {
        spdlog::logger made("baton", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made.set_formatter(std::make_unique<HumanFormatter>());
        return made;
    }();
    return logger;
}

void configure_log(LogFormat format, std::string_view level) {
    if (format == LogFormat::json) log().set_formatter(std::make_unique<JsonFormatter>());
    log().set_level(spdlog::level::from_str(std::string(level)));
    log().flush_on(spdlog::level::info);
}

void log_line(spdlog::level::level_enum level, std::string_view message,
              std::initializer_list<LogField> fields) {
    if (!log().should_log(level)) return;
    fields_of_line = {fields.begin(), fields.size()};
    log().log(level, spdlog::string_view_t(message.data(), message.size()));
    fields_of_line = {};
}

}  // namespace baton
