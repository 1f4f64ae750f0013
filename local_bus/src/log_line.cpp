#include "baton/local_bus/log_line.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "baton/base/log.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"

namespace baton {
namespace {

struct Row {
    std::string_view name;
    std::string_view topic;
    spdlog::level::level_enum in_log;
};

constexpr std::array<Row, 5> rows{{{"silly", "log/silly", spdlog::level::trace},
                                   {"debug", "log/debug", spdlog::level::debug},
                                   {"info", "log/info", spdlog::level::info},
                                   {"warn", "log/warn", spdlog::level::warn},
                                   {"error", "log/error", spdlog::level::err}}};

constexpr const Row& row_of(Level level) { return rows.at(static_cast<std::size_t>(level)); }

}  // namespace

std::string_view name_of(Level level) noexcept { return row_of(level).name; }

std::string_view log_topic(Level level) noexcept { return row_of(level).topic; }

std::optional<Level> level_named(std::string_view name) noexcept {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].name == name) return static_cast<Level>(i);
    }
    return std::nullopt;
}

namespace bus {
namespace {

class ForwardedLines final : public Tap {
public:
    explicit ForwardedLines(Level least) : least_(least) {}

    [[nodiscard]] bool wants(const Message& message) const noexcept override {
        const auto level = level_of(message);
        return level && *level >= least_;
    }
    void note(const MessagePtr& message) noexcept override {
        const LogLine& line = *message->as<LogLine>();
        log_line(row_of(*level_of(*message)).in_log, line.text,
                 {{"task", line.task ? std::to_string(*line.task) : "-"},
                  {"attempt", line.attempt ? std::to_string(*line.attempt) : "-"},
                  {"trace", line.trace ? *line.trace : "-"}});
    }

private:
    const Level least_;
};

}  // namespace

const std::shared_ptr<const TypedMessage<LogLine>>& empty_line(Level level) {
    static const auto lines = [] {
        std::vector<std::shared_ptr<const TypedMessage<LogLine>>> made;
        for (const Row& row : rows) {
            made.push_back(std::make_shared<const TypedMessage<LogLine>>(row.topic, LogLine{}));
        }
        return made;
    }();
    return lines[static_cast<std::size_t>(level)];
}

std::optional<Level> level_of(const Message& message) noexcept {
    if (message.type() != type_of<LogLine>) return std::nullopt;
    const std::string_view topic = message.topic();
    const std::size_t slash = topic.rfind('/');
    return level_named(slash == std::string_view::npos ? topic : topic.substr(slash + 1));
}

std::shared_ptr<Tap> forward_lines(Level least) { return std::make_shared<ForwardedLines>(least); }

bool LastLines::wants(const Message& message) const noexcept {
    return lines_max_ > 0 && level_of(message).has_value();
}

void LastLines::note(const MessagePtr& message) noexcept {
    constexpr std::size_t line_max = 500;
    const LogLine& line = *message->as<LogLine>();
    std::string text = line.level + ": " + storable_text(terminal_line(line.text), line_max);
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= lines_max_) lines_.pop_front();
    lines_.push_back(std::move(text));
}

std::string LastLines::text(std::size_t bytes_max) const {
    constexpr std::string_view between = " | ";
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    auto first = lines_.end();
    while (first != lines_.begin()) {
        bytes += std::prev(first)->size() + between.size();
        if (bytes > bytes_max + between.size()) break;
        --first;
    }
    std::string text;
    for (; first != lines_.end(); ++first) text.append(text.empty() ? "" : between).append(*first);
    return text;
}

}  // namespace bus
}  // namespace baton
