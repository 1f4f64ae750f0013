// Nodes with versions of a handler, for tests of what a promotion of one does.
//
// Threads: as TaskFixture.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {

class HandlerFixture : public TaskFixture {
protected:
    // A node with these versions of `send`: {{1, ""}, {2, "1"}} carries 1, and 2 which accepts from
    // 1.
    struct Carried {
        int version;
        std::string accepts_from = "";
        std::string build = "";
    };
    TestNode carrier(const std::vector<Carried>& carried, const std::string& name = "node",
                     const std::string& labels = "{}") {
        std::string handlers;
        for (const Carried& one : carried) {
            const std::string version = std::to_string(one.version);
            handlers +=
                (handlers.empty() ? "" : ", ") + (R"({"name": "send", "version": )" + version) +
                R"(, "build": ")" + (one.build.empty() ? "b" + version : one.build) +
                R"(", "events": ["order/placed"], "accepts_from": [)" + one.accepts_from + "]}";
        }
        return node({.name = name, .handlers = "[" + handlers + "]", .labels = labels});
    }

    std::int64_t promote(int version) {
        return number("select promote('send', " + std::to_string(version) + ")");
    }
    void roll_back() { connection_.exec("select roll_back('send')"); }
    std::string refusal(const std::string& call) {
        const sql::Outcome outcome = sql::outcome_of([&] { connection_.exec("select " + call); });
        return outcome.sqlstate + " " + outcome.text;
    }

    void dispatch() { connection_.exec("select dispatch('order/placed', '{}')"); }
    // Of each task in its order, the version that it was made for.
    std::string made_for() {
        return text(
            "select coalesce(string_agg(r.version::text, ' ' order by t.id), '') "
            "from task t join requirement r on r.id = t.requirement");
    }
    // As which versions a node gets what waits; it hands all back.
    static std::string gets(TestNode& node) {
        std::string versions;
        std::vector<std::string> tokens;
        for (const ClaimedTask& task : node.claim(100)) {
            versions += (versions.empty() ? "" : " ") + std::to_string(task.version);
            tokens.push_back(task.token);
        }
        for (const std::string& token : tokens) node.release(token);
        return versions;
    }

    std::optional<sql::LogFollower> follower_;
};

}  // namespace baton::testing
