// baton bus: looks at what the tasks of a running node say on their local buses.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <map>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/local_bus/bus_visitor.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "stop_signals.hpp"

namespace baton::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    std::string node;
    std::string topic;
    std::string file;
    std::optional<std::string> level;
    std::optional<std::string> time;
    std::optional<std::int64_t> count;
    bool json = false;
};

WindowRequest request_of(const Options& options) {
    WindowRequest request{.want = "tail", .topic = options.topic, .level = options.level};
    if (request.topic.empty()) request.topic = options.level ? "log/*" : "**";
    return request;
}

// What comes, one frame after the other, until it is enough.
class Look {
public:
    Look(const Options& options, const WindowRequest& request)
        : visitor_(window_of(options.node), request), left_(options.count) {
        if (options.time) until_ = Clock::now() + seconds_of("--for", *options.time);
    }

    /// Calls `each(frame)`, and `idle()` where nothing has come for a moment. Throws
    /// Error(bus_unavailable) where the node ends.
    template <class Each, class Idle>
    void run(const std::atomic<bool>& is_stopping, const Each& each, const Idle& idle) {
        constexpr std::chrono::milliseconds moment{100};
        while (!is_stopping && (!left_ || *left_ > 0)) {
            const auto now = Clock::now();
            if (until_ && now >= *until_) return;
            const auto left =
                until_ ? std::chrono::ceil<std::chrono::milliseconds>(*until_ - now) : moment;
            const BusVisitor::Seen seen = visitor_.next(std::min(left, moment));
            if (seen.state == BusVisitor::State::ended) {
                throw Error(ErrorCode::bus_unavailable,
                            "node " + visitor_.hello().node + " has ended");
            }
            if (seen.state == BusVisitor::State::nothing_yet) {
                idle();
                continue;
            }
            each(seen.frame);
            if (left_ && seen.frame.message) --*left_;
        }
    }
    [[nodiscard]] const BusVisitor& visitor() const { return visitor_; }

private:
    BusVisitor visitor_;
    std::optional<std::int64_t> left_;
    std::optional<Clock::time_point> until_;
};

std::string time_text(std::int64_t microseconds) {
    const std::time_t seconds = microseconds / 1'000'000;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    std::array<char, 16> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%H:%M:%S", &parts);
    std::string millis = std::to_string(microseconds / 1000 % 1000);
    millis.insert(0, 3 - std::min<std::size_t>(millis.size(), 3), '0');
    return std::string(text.data(), length) + "." + millis;
}

std::string line_of(const RecordedMessage& message) {
    std::string whose;
    if (message.task) {
        whose = "task " + std::to_string(*message.task) + "/" +
                std::to_string(message.attempt.value_or(1)) + " ";
    }
    return terminal_line(time_text(message.at) + " " + whose + message.topic + " " +
                         message.content.text()) +
           "\n";
}

void print(const WindowFrame& frame, bool is_json) {
    if (frame.message) {
        if (is_json) {
            write_json(encode_json(*frame.message));
        } else {
            write_out(line_of(*frame.message));
        }
    }
    if (frame.lost) {
        const std::string lost = std::to_string(*frame.lost);
        if (is_json) {
            write_json("{\"lost\": " + lost + "}");
        } else {
            write_out(coloured("(" + lost + " messages were lost here: this reader was too slow)",
                               Colour::yellow) +
                      "\n");
        }
    }
}

int tail(const Options& options) {
    const std::atomic<bool> never{false};
    Look look(options, request_of(options));
    look.run(
        never, [&](const WindowFrame& frame) { print(frame, options.json); }, [] { flush_out(); });
    return 0;
}

struct TopicCount {
    std::int64_t messages = 0;
    std::size_t bytes = 0;
};

int topics(const Options& options) {
    Options looking = options;
    if (!looking.time) looking.time = "1";
    const std::atomic<bool> never{false};
    Look look(looking, request_of(looking));
    std::map<std::string, TopicCount> counts;
    std::int64_t lost = 0;
    look.run(
        never,
        [&](const WindowFrame& frame) {
            lost += frame.lost.value_or(0);
            if (!frame.message) return;
            TopicCount& count = counts[frame.message->topic];
            ++count.messages;
            count.bytes += frame.message->content.text().size();
        },
        [] {});
    if (options.json) {
        std::string json;
        for (const auto& [topic, count] : counts) {
            json += (json.empty() ? "" : ", ") + std::string("{\"topic\": ") + encode_json(topic) +
                    ", \"messages\": " + std::to_string(count.messages) +
                    ", \"bytes\": " + std::to_string(count.bytes) + "}";
        }
        write_json("{\"topics\": [" + json + "], \"lost\": " + std::to_string(lost) + "}");
        return 0;
    }
    Table table({"topic", "messages", "bytes"});
    for (const auto& [topic, count] : counts) {
        table.add({topic, std::to_string(count.messages), std::to_string(count.bytes)});
    }
    if (table.empty()) write_out("nobody said anything in that time\n");
    if (!table.empty()) table.print();
    if (lost > 0) {
        write_out("(and " + std::to_string(lost) +
                  " messages that came too fast to be counted by topic)\n");
    }
    return 0;
}

void print_stats(const WindowHello& hello, const WindowStats& stats) {
    write_out(terminal_line("node " + hello.node + " (" + hello.environment + "), process " +
                            std::to_string(hello.process)) +
              ": " + std::to_string(stats.buses.size()) + " buses now, and " +
              std::to_string(stats.ended_buses) + " that have ended, with " +
              std::to_string(stats.ended_published) + " messages\n");
    Table table({"task", "topic", "published", "delivered", "dropped", "discarded", "in flight",
                 "failed", "most waiting"});
    const auto add = [&](const std::string& task, const std::string& topic,
                         const WatchedSubscription& one) {
        table.add({task, topic, std::to_string(one.published), std::to_string(one.delivered),
                   std::to_string(one.dropped), std::to_string(one.discarded),
                   std::to_string(one.in_flight), std::to_string(one.failed),
                   std::to_string(one.most_waiting)});
    };
    for (const WatchedBus& bus : stats.buses) {
        const std::string task =
            bus.task ? std::to_string(*bus.task) + "/" + std::to_string(bus.attempt.value_or(1))
                     : "";
        for (const WatchedSubscription& one : bus.subscriptions) add(task, one.topic, one);
        add(task, "(ended)", bus.ended);
    }
    if (!table.empty()) table.print();
}

int stats(const Options& options) {
    BusVisitor visitor(window_of(options.node), {.want = "stats"});
    const BusVisitor::Seen seen = visitor.next(std::chrono::seconds(5));
    if (!seen.frame.stats) {
        throw Error(ErrorCode::bus_unavailable,
                    "node " + visitor.hello().node + " does not answer");
    }
    if (options.json) {
        write_json("{\"node\": " + encode_json(visitor.hello()) +
                   ", \"stats\": " + encode_json(*seen.frame.stats) + "}");
    } else {
        print_stats(visitor.hello(), *seen.frame.stats);
    }
    return 0;
}

int record(const Options& options) {
    std::atomic<bool> is_stopping{false};
    const StopSignals signals([&] { is_stopping = true; });
    Look look(options, request_of(options));
    Recording recording(options.file);
    const auto end = [&] {
        recording.close();
        const RecordingStats stats = recording.stats();
        write_out(terminal_line(recording.path().string()) + ": " + std::to_string(stats.written) +
                  " messages, " + std::to_string(stats.lost) + " lost\n");
    };
    try {
        look.run(
            is_stopping,
            [&](const WindowFrame& frame) {
                recording.add_lost(static_cast<std::uint64_t>(frame.lost.value_or(0)));
                if (frame.message) recording.write(*frame.message);
            },
            [] {});
    } catch (const Error&) {
        end();
        throw;
    }
    end();
    return 0;
}

std::vector<Option> options_of(Options& options) {
    return {{.name = "--node",
             .help = "which node: its name, or its process's number; needed where several run",
             .place = &options.node},
            {.name = "--topic",
             .help = "which topics: \"region/done\", \"region/*\", \"region/**\" [all]",
             .place = &options.topic},
            {.name = "--level",
             .help = "only log lines, from this level on; with --topic only that lines below it "
                     "are left out",
             .place = &options.level,
             .choices = {"silly", "debug", "info", "warn", "error"}}};
}

Option json_option(Options& options) { return {"--json", "as JSON", &options.json}; }
Option time_option(Options& options, const std::string& usual) {
    return {"--for", "for how many seconds [" + usual + "]", &options.time};
}
Option count_option(Options& options) {
    return {.name = "--count",
            .help = "how many messages [until it is stopped]",
            .place = &options.count,
            .bounds = {.min = 1}};
}

Verb tail_verb(const std::shared_ptr<Options>& options) {
    Verb verb{.name = "tail",
              .help = "print what is said, while it is",
              .about =
                  "A line for each message. A reader that is too slow loses some, and is told "
                  "how many;\nthe node does not wait for it.\n"
                  "Example: baton bus tail --level warn",
              .settings = Settings::none,
              .options = options_of(*options),
              .run = [options](Invocation&) { return tail(*options); }};
    verb.options.push_back(json_option(*options));
    verb.options.push_back(time_option(*options, "until it is stopped"));
    verb.options.push_back(count_option(*options));
    return verb;
}

Verb topics_verb(const std::shared_ptr<Options>& options) {
    Verb verb{.name = "topics",
              .help = "look for a moment, and say to which topics how much is said",
              .about = "Example: baton bus topics --for 5",
              .settings = Settings::none,
              .options = options_of(*options),
              .run = [options](Invocation&) { return topics(*options); }};
    verb.options.push_back(json_option(*options));
    verb.options.push_back(time_option(*options, "1"));
    return verb;
}

Verb stats_verb(const std::shared_ptr<Options>& options) {
    return {.name = "stats",
            .help = "account for each message, by subscription",
            .about =
                "Of each: published = delivered + dropped + discarded + in flight.\n"
                "Example: baton bus stats",
            .settings = Settings::none,
            .options = {options_of(*options).front(), json_option(*options)},
            .run = [options](Invocation&) { return stats(*options); }};
}

Verb record_verb(const std::shared_ptr<Options>& options) {
    Verb verb{.name = "record",
              .help = "write what is said to a file, for replay()",
              .about =
                  "Until it is stopped, or the node ends. Beyond 64 MiB it goes on in a new "
                  "file, and FILE.1\nand so on are older parts.\n"
                  "Example: baton bus record month.recording --topic 'region/**'",
              .settings = Settings::none,
              .options = options_of(*options),
              .run = [options](Invocation&) { return record(*options); }};
    verb.options.insert(verb.options.begin(), {.name = "FILE",
                                               .help = "which file; there must be none yet",
                                               .place = &options->file,
                                               .is_required = true});
    verb.options.push_back(time_option(*options, "until it is stopped"));
    verb.options.push_back(count_option(*options));
    return verb;
}

}  // namespace

Verb bus_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "bus",
            .help = "look at what the tasks of a running node say on their local buses",
            .about = "Of a node of this user on this machine; nothing of it is in the database.",
            .settings = Settings::none,
            .verbs = {tail_verb(options), topics_verb(options), stats_verb(options),
                      record_verb(options)}};
}

}  // namespace baton::cli
