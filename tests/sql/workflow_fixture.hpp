// An environment with handlers, nodes, and runs of workflows, for tests of those.
//
// Threads: as TaskFixture.
#pragma once

#include "sql/task_fixture.hpp"

namespace baton::testing {

class WorkflowFixture : public TaskFixture {
protected:
    /// A node that carries version 1 of each of these handlers, which share a build.
    TestNode carrier(const std::vector<std::string>& handlers, const std::string& version = "1") {
        std::string offer;
        for (const std::string& handler : handlers) {
            offer += (offer.empty() ? "[" : ", ") + std::string(R"({"name": ")") + handler +
                     R"(", "version": )" + version + R"(, "build": "b)" + version + R"("})";
        }
        return node({.name = "node" + version, .handlers = offer + "]"});
    }

    void define(const std::string& steps, const std::string& more = "") {
        connection_.exec("select define_workflow('order', 1, '" + steps + "'" + more + ")");
    }

    std::string start(const std::string& arguments = "'order', '{\"order\": 42}'") {
        return text("select start_workflow(" + arguments + ")");
    }

    /// The task of this handler that waits, done with this result.
    void complete(TestNode& node, const std::string& handler, const std::string& result = "{}") {
        const std::vector<ClaimedTask> tasks = node.claim(1, handler);
        ASSERT_EQ(tasks.size(), 1U) << handler << " has no task";
        node.complete(tasks[0].token, result);
    }

    /// The task of this handler that waits is dead.
    void kill(TestNode& node, const std::string& handler) {
        const std::vector<ClaimedTask> tasks = node.claim(1, handler);
        ASSERT_EQ(tasks.size(), 1U) << handler << " has no task";
        connection_.exec(call_of("fail($1, $2, 'no money', dead => true)", node, tasks[0]));
        maintain();
    }

    /// The payloads of what waits of a handler, in their order.
    std::string waiting_payloads(const std::string& handler) {
        return text(
            "select coalesce(string_agg(t.payload::text, ' ' order by t.id), '') from task_ready r "
            "join task t on t.id = r.task join requirement q on q.id = t.requirement "
            "where q.handler = '" +
            handler + "'");
    }

    std::string state(const std::string& run) {
        return text("select state from workflow_run where id = " + run);
    }

    /// Each step that has begun, with its state: "reserve done, charge running".
    std::string steps(const std::string& run) {
        return text(
            "select coalesce(string_agg(concat(d.step, ' ', o.state), ', ' order by d.ordinal), '')"
            " from workflow_run r join workflow_step d on d.digest = r.digest"
            " join workflow_run_step o on o.run = r.id and o.step = d.step where r.id = " +
            run);
    }

    /// The SQLSTATE that a statement raises, and the message, as `code: message`.
    std::string refusal(const std::string& statement) {
        try {
            connection_.exec(statement);
        } catch (const sql::SqlError& error) {
            return error.sqlstate() + ": " + error.what();
        }
        return "none";
    }
};

}  // namespace baton::testing
