// An environment with nodes in it, for tests of tasks: each node is a session of its own, and calls
// the SQL functions as any language would.
//
// Threads: as TestDatabase and Connection.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "baton/base/sha256.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/proof.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {

/// A task as claim() gives it.
struct ClaimedTask {
    std::string token;
    std::int64_t task = 0;
    std::int64_t version = 0;
    std::int64_t attempt = 0;
    std::int64_t delivery = 0;
    std::string payload;
};

/// What a process says of itself as it registers.
struct NodeOffer {
    std::string name = "node";
    std::string handlers = R"([{"name": "send", "version": 1, "build": "b1"}])";
    std::string labels = "{}";
    std::string lease = "30 seconds";
};

class TestNode {
public:
    TestNode(const std::string& url, const NodeOffer& offer,
             const MachineCredentials& machine = test_credentials())
        : connection_(url, in_test_schema()) {
        const std::string asked(connection_.exec("select challenge()").only().text(0));
        sql::Transaction transaction(connection_);
        const sql::Result rows = transaction.exec(
            "select session, refused_code, refused_message "
            "from register_node($1, $2, $3, $4::bytea, $5, $6::jsonb, $7::text[], $8::interval)",
            {machine.environment, machine.machine_id,
             sql::proof_of(machine.token, asked, machine.environment, machine.machine_id),
             "\\x" + sha256_of(machine.token), offer.name, offer.handlers, offer.labels,
             offer.lease});
        transaction.commit();
        session = rows.only().text_or_null(0).value_or("");
        refused_code = rows.only().text_or_null(1).value_or("");
        refused_message = rows.only().text_or_null(2).value_or("");
    }

    std::vector<ClaimedTask> claim(int count = 1, const std::string& handler = "send") {
        std::vector<ClaimedTask> tasks;
        for (const sql::Row& row : call("select token, task, version, attempt, delivery, payload "
                                        "from claim($1, $2, $3::integer)",
                                        {session, handler, std::to_string(count)})) {
            tasks.push_back({std::string(row.text(0)), row.integer(1), row.integer(2),
                             row.integer(3), row.integer(4), std::string(row.text(5))});
        }
        return tasks;
    }

    bool complete(const std::string& token, const std::string& result = "{}") {
        return call("select complete($1, $2, $3::jsonb)", {session, token, result})
                   .only()
                   .text(0) == "t";
    }

    /// The outcomes, in the order of the tokens.
    std::vector<std::string> complete_many(const std::vector<std::string>& tokens) {
        return texts("select outcome from complete_many($1, $2::text[])",
                     {session, sql::text_array(tokens)});
    }

    std::string fail(const std::string& token, const std::string& error = "it broke",
                     const std::string& retry_after = "0") {
        return std::string(
            call("select fail($1, $2, $3, $4::interval)", {session, token, error, retry_after})
                .only()
                .text(0));
    }

    /// The tokens whose tasks are this node's no more.
    std::vector<std::string> start(const std::string& token) {
        return texts("select start_many($1, array[$2])", {session, token});
    }
    std::int64_t release(const std::string& token) {
        return call("select release_many($1, array[$2])", {session, token}).only().integer(0);
    }
    bool snooze(const std::string& token, const std::string& pause) {
        return call("select snooze($1, $2, $3::interval)", {session, token, pause})
                   .only()
                   .text(0) == "t";
    }
    /// The tokens whose tasks were cancelled.
    std::vector<std::string> heartbeat() { return texts("select heartbeat($1)", {session}); }
    std::int64_t deregister() {
        return call("select deregister_node($1)", {session}).only().integer(0);
    }

    [[nodiscard]] sql::Connection& connection() { return connection_; }

    std::string session;
    std::string refused_code;
    std::string refused_message;

private:
    sql::Result call(const std::string& statement,
                     std::initializer_list<sql::Parameter> parameters) {
        sql::Transaction transaction(connection_);
        sql::Result rows = transaction.exec(statement, parameters);
        transaction.commit();
        return rows;
    }

    std::vector<std::string> texts(const std::string& statement,
                                   std::initializer_list<sql::Parameter> parameters) {
        std::vector<std::string> texts;
        for (const sql::Row& row : call(statement, parameters)) texts.emplace_back(row.text(0));
        return texts;
    }

    sql::Connection connection_;
};

/// `text` with N for each number of seconds in it: a test may take some.
inline std::string without_seconds(const std::string& text) {
    static const std::regex times("[0-9]+ s\\b");
    return std::regex_replace(text, times, "N s");
}

class TaskFixture : public ::testing::Test {
protected:
    void TearDown() override { expect_each_task_at_one_place(); }

    /// A task waits, is due, is held by a claim, or has ended: one of these, always.
    void expect_each_task_at_one_place() { EXPECT_EQ(misplaced(), ""); }
    /// Those of which that is not so, from this one on.
    std::string misplaced(std::int64_t first = 0) {
        sql::Connection session(url_, in_test_schema());
        const sql::Result misplaced = session.exec(R"(
            with place (task, name) as (
                select task, 'waiting' from task_ready union all select task, 'due' from task_due
                union all select task, outcome from task_end
                union all select task, 'following' from task_in_lane where not is_head
                union all
                select h.task, 'claimed' from task_claim c, pg_catalog.unnest(c.tasks) as h (task)
                 where h.task <> all (c.returned)
                   and not exists (select from task_end e where e.task = h.task)
            ), counted as (
                select coalesce(t.id, p.task) as task, count(p.name) as places,
                       pg_catalog.string_agg(p.name, ', ') as names
                  from task t full join place p on p.task = t.id group by 1
            )
            select coalesce(pg_catalog.string_agg(
                       task::text || ': ' || coalesce(names, 'nowhere'), '; '), '')
              from counted
             where task >= )" + std::to_string(first) +
                                                   R"(
               and (places <> 1 or not exists (select from task t where t.id = counted.task)))");
        return std::string(misplaced.only().text(0));
    }

    TestNode node(const NodeOffer& offer = {}) { return {url_, offer}; }

    std::int64_t enqueue(const std::string& arguments = "'send'") {
        return number("select enqueue(" + arguments + ")");
    }

    std::int64_t number(const std::string& query) {
        return connection_.exec(query).only().integer(0);
    }
    std::string text(const std::string& query) {
        return std::string(connection_.exec(query).only().text(0));
    }
    std::string state_of(std::int64_t task) {
        return text("select state from task_state(" + std::to_string(task) + ")");
    }

    /// A pass of maintain(), however short a time ago the last one was.
    void maintain() { connection_.exec("select maintain(at_once => true)"); }
    /// As if a node had been silent for that long.
    void silence(const std::string& name, const std::string& time) {
        connection_.exec("update node set alive_at = alive_at - interval '" + time +
                         "' where name = '" + name + "'");
    }

    /// A call, with the node's session for $1 and the task's token for $2.
    static std::string call_of(std::string call, const TestNode& node, const ClaimedTask& task) {
        for (const auto& [mark, value] : {std::pair{"$1", node.session}, {"$2", task.token}}) {
            const std::size_t at = call.find(mark);
            if (at != std::string::npos) call.replace(at, 2, "'" + value + "'");
        }
        return "select " + call;
    }

    /// What a query gives, or its SQLSTATE: from a session of its own, which is seen to wait for a
    /// lock before this returns.
    std::future<std::string> waiting(const std::string& query) {
        auto session = std::make_shared<sql::Connection>(url_, in_test_schema());
        const std::string pid = std::to_string(session->backend_pid());
        std::future<std::string> answer = std::async(std::launch::async, [session, query] {
            try {
                return std::string(session->exec(query).only().text(0));
            } catch (const sql::SqlError& error) {
                return error.sqlstate();
            }
        });
        sql::Connection watch(url_, in_test_schema());
        EXPECT_TRUE(eventually(
            std::chrono::seconds(20),
            [&] {
                return !watch.exec("select from pg_locks where not granted and pid = " + pid)
                            .empty();
            }))
            << query << " does not wait";
        return answer;
    }

    TestDatabase database_{environment_template()};
    const std::string url_ = database_.url();
    sql::Connection connection_{url_, in_test_schema()};
};

}  // namespace baton::testing
