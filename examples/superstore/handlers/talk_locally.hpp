// Talks on its local bus as fast as it can, for a while: so that the demo can count what Postgres
// hears of that.
//
// Threads: several call handle() at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "baton/local_bus/bus.hpp"
#include "baton/node_agent/outcome.hpp"
#include "baton/node_agent/task_context.hpp"
#include "baton/sources/talk_locally.hpp"
#include "baton/sql/failure.hpp"

namespace superstore {

/// When to begin, by the clock, and for how long; in milliseconds.
struct Talk {
    std::int64_t at{};
    std::int64_t time{};
    BATON_FIELDS(at, time)
};

struct Word {
    static constexpr std::string_view topic = "talk/word";
    std::int64_t number{};
    BATON_FIELDS(number)
};

struct Talked {
    std::int64_t said{};
    std::int64_t heard{};
    BATON_FIELDS(said, heard)
};

struct TalkLocally {
    using Payload = Talk;
    static constexpr std::string_view name = "talk_locally";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::talk_locally;

    baton::Outcome handle(const Talk& talk, baton::TaskContext& task) const {
        using Clock = std::chrono::system_clock;
        Talked talked;
        baton::Bus& bus = task.bus();
        auto heard = bus.subscribe<Word>({.depth = 1024}, [&](const Word&) { ++talked.heard; });
        const Clock::time_point begin{std::chrono::milliseconds(talk.at)};
        const auto until = [&](Clock::time_point time) {
            return [&task, time] { return task.cancelled() || Clock::now() >= time; };
        };
        constexpr std::chrono::hours any{1};
        baton::sql::pause_unless(any, until(begin));
        const auto is_over = until(begin + std::chrono::milliseconds(talk.time));
        while (!is_over()) {
            for (int i = 0; i < 100; ++i) bus.publish(Word{++talked.said});
        }
        if (!heard.wait_for(std::chrono::seconds(10))) return baton::retry("some were not heard");
        // What comes of the task is told after the time in which is counted.
        constexpr std::chrono::milliseconds silence{500};
        baton::sql::pause_unless(any, until(Clock::now() + silence));
        return baton::done(talked);
    }
};

}  // namespace superstore
