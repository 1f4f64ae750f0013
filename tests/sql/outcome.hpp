// What an action on a connection comes to, and the ways to end a session under it.
//
// Threads: no state.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <string>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/failure.hpp"
#include "support/eventually.hpp"

namespace baton::sql {

struct Outcome {
    std::string code = "no error";
    std::string sqlstate;
    std::string text;
};

inline Outcome outcome_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const SqlError& error) {
        return {std::string(name_of(error.code())), error.sqlstate(), error.what()};
    } catch (const Error& error) {
        return {std::string(name_of(error.code())), "", error.what()};
    }
    return {};
}

// Ends a session from outside and returns when it is gone.
inline void terminate(const std::string& url, int pid) {
    Connection other(url);
    other.exec("select pg_terminate_backend(" + std::to_string(pid) + ", 10000)");
}

inline void wait_until_waiting(const std::string& url, int pid, const std::string& event) {
    Connection other(url);
    ASSERT_TRUE(testing::eventually(std::chrono::seconds(10), [&] {
        const Result rows =
            other.exec("select from pg_stat_activity where pid = " + std::to_string(pid) +
                       " and wait_event = '" + event + "'");
        return !rows.empty();
    }));
}

// Runs `action` in this thread, and ends the session while the server is in `event`.
inline Outcome outcome_when_terminated_in(const std::string& url, const Connection& connection,
                                          const std::string& event,
                                          const std::function<void()>& action) {
    const int pid = connection.backend_pid();
    const auto killer = std::async(std::launch::async, [&] {
        wait_until_waiting(url, pid, event);
        terminate(url, pid);
    });
    return outcome_of(action);
}

}  // namespace baton::sql
