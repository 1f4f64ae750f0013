// An environment with nodes in it, for tests of tasks: each node is a session of its own, and calls
// the SQL functions as any language would.
//
// Threads: as TestDatabase and Connection.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <regex>
#include <string>
#include <vector>

#include "baton/base/sha256.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/proof.hpp"
#include "support/environment.hpp"

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
        std::vector<std::string> outcomes;
        for (const sql::Row& row : call("select outcome from complete_many($1, $2::text[])",
                                        {session, sql::text_array(tokens)})) {
            outcomes.emplace_back(row.text(0));
        }
        return outcomes;
    }

    std::string fail(const std::string& token, const std::string& error = "it broke",
                     const std::string& retry_after = "0") {
        return std::string(
            call("select fail($1, $2, $3, $4::interval)", {session, token, error, retry_after})
                .only()
                .text(0));
    }

    void start(const std::string& token) {
        call("select start_many($1, array[$2])", {session, token});
    }
    std::int64_t release(const std::string& token) {
        return call("select release_many($1, array[$2])", {session, token}).only().integer(0);
    }
    void heartbeat() { call("select heartbeat($1)", {session}); }
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

    sql::Connection connection_;
};

/// `text` with N for each number of seconds in it: a test may take some.
inline std::string without_seconds(const std::string& text) {
    static const std::regex seconds("[0-9]+ s\\b");
    return std::regex_replace(text, seconds, "N s");
}

class TaskFixture : public ::testing::Test {
protected:
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

    /// A pass of maintain(), after the lease of whoever is silent.
    void maintain() { connection_.exec("select maintain()"); }
    /// As if a node had been silent for that long.
    void silence(const std::string& name, const std::string& time) {
        connection_.exec("update node set alive_at = alive_at - interval '" + time +
                         "' where name = '" + name + "'");
    }

    TestDatabase database_{environment_template()};
    const std::string url_ = database_.url();
    sql::Connection connection_{url_, in_test_schema()};
};

}  // namespace baton::testing
