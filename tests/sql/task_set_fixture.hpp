// Nodes with versions of a handler whose task sets make a view, for tests of task sets.
//
// Threads: as TaskFixture.
#pragma once

#include <string>
#include <vector>

#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {

/// A node that carries `compute` in these versions, whose members make rows of `report`.
inline NodeOffer offer_of(const std::vector<int>& versions, const std::string& name = "node",
                          const std::string& build = "b", const std::string& more_columns = "") {
    std::string handlers;
    for (const int version : versions) {
        handlers += (handlers.empty() ? "" : ", ") +
                    (R"({"name": "compute", "version": )" + std::to_string(version)) +
                    R"(, "build": ")" + build + std::to_string(version) +
                    R"(", "view": "report", "columns": [)"
                    R"({"name": "month", "type": "text", "key": true},)"
                    R"({"name": "total", "type": "bigint"})" +
                    more_columns + "]}";
    }
    return {.name = name, .handlers = "[" + handlers + "]"};
}

class TaskSetFixture : public TaskFixture {
protected:
    static NodeOffer offer(const std::vector<int>& versions, const std::string& name = "node",
                           const std::string& build = "b", const std::string& more_columns = "") {
        return offer_of(versions, name, build, more_columns);
    }
    TestNode carrier(const std::vector<int>& versions, const std::string& name = "node",
                     const std::string& build = "b", const std::string& more_columns = "") {
        return node(offer(versions, name, build, more_columns));
    }

    std::int64_t open(const std::string& key = "2014",
                      const std::string& members = R"({"m1": {"n": 1}, "m2": {"n": 2}})",
                      const std::string& more = "") {
        return number("select open_task_set('compute', '" + key + "', '" + members + "'" + more +
                      ")");
    }
    std::string refusal(const std::string& call) {
        const sql::Outcome outcome = sql::outcome_of([&] { connection_.exec("select " + call); });
        return outcome.sqlstate + " " + outcome.text;
    }
    std::string state(std::int64_t set) {
        return text("select state from task_sets() where id = " + std::to_string(set));
    }
    std::string reason(std::int64_t set) {
        return text("select coalesce(reason, '') from task_sets() where id = " +
                    std::to_string(set));
    }
    /// The newest set of the key.
    std::int64_t newest(const std::string& key = "2014") {
        return number("select max(id) from task_sets() where key = '" + key + "'");
    }
    /// What readers see: "m1=10 m2=20".
    std::string report() {
        return text(
            "select coalesce(string_agg(concat(month, '=', total), ' ' order by month), '') "
            "from report");
    }

    static std::string rows_of(const std::string& member, int total) {
        return R"([{"month": ")" + member + R"(", "total": )" + std::to_string(total) + "}]";
    }
    /// Claims one member, makes one row of it, and returns what the call says: "t", or a refusal.
    static std::string complete(TestNode& node, const ClaimedTask& task, const std::string& rows,
                                const std::string& more = "") {
        std::string answer;
        const sql::Outcome outcome = sql::outcome_of([&] {
            answer = node.connection()
                         .exec("select complete_member('" + node.session + "', '" + task.token +
                               "', '" + rows + "'" + more + ")")
                         .only()
                         .text(0);
        });
        return outcome.sqlstate.empty() ? answer : outcome.sqlstate + " " + outcome.text;
    }
    /// Does what waits; each member makes a row with its name and its version times 10.
    void work(TestNode& node, int count = 100) {
        for (const ClaimedTask& task : node.claim(count, "compute")) {
            const std::string member = text(
                "select member from task_set_members((select max(id) from task_sets())) "
                "where task = " +
                std::to_string(task.task));
            EXPECT_EQ(complete(node, task, rows_of(member, static_cast<int>(task.version) * 10)),
                      "t");
        }
    }
    std::string events() {
        return text(
            "select coalesce(string_agg(type || ' ' || coalesce(key, '-'), ', ' order by id), '') "
            "from event");
    }
};

}  // namespace baton::testing
