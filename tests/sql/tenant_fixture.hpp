// An environment with two tenants, for tests of what one sees of the other.
//
// `acme` and `bob` are logins of one tenant each, `app` binds one for each transaction, `stray` is
// a member of the group role whom nobody added.
//
// Threads: as TaskFixture.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {

class TenantFixture : public TaskFixture {
protected:
    // Roles belong to the server: named after the database, and dropped with the test.
    void SetUp() override {
        for (const std::string who : {"acme", "bob", "app", "stray"}) {
            connection_.exec("create role " + login(who) + " login");
        }
        connection_.exec("grant baton_test_tenant to " + login("stray") +
                         "; select register_handler('send', 1, 'b1', '{}')");
    }
    void TearDown() override {
        for (const std::string who : {"acme", "bob", "app", "stray"}) {
            connection_.exec("drop owned by " + login(who) + "; drop role " + login(who));
        }
    }

    // Tenants are kept apart, and each has a task that is done, one that waits, and an event.
    void two_tenants() {
        connection_.exec("select set_tenants(true)");
        add("acme", "'acme'");
        add("bob", "'bob'");
        add("app", "null");
        for (const std::string who : {"acme", "bob"}) {
            done_[who] =
                enqueue("'send', '{\"secret\": \"of " + who + "\"}', tenant => '" + who + "'");
            waiting_[who] = enqueue("'send', '{\"secret\": \"of " + who + "\"}', tenant => '" +
                                    who + "', unique_key => 'key of " + who + "'");
            event_[who] = number("select dispatch('a/b', '{\"secret\": \"of " + who +
                                 "\"}', 'k', '" + who + "')");
        }
        worker_.emplace(url_, NodeOffer{});
        for (const ClaimedTask& task : worker_->claim(4)) {
            if (task.task == done_["acme"] || task.task == done_["bob"]) {
                worker_->complete(task.token, R"({"result": )" + task.payload + "}");
            } else {
                worker_->release(task.token);
            }
        }
    }
    void add(const std::string& who, const std::string& tenant) {
        connection_.exec("select add_tenant_login('" + login(who) + "', " + tenant + ")");
    }

    std::string login(const std::string& who) const { return who + "_" + database_.name(); }
    sql::Connection session(const std::string& who) {
        return sql::Connection(url_ + "&user=" + login(who), in_test_schema());
    }
    std::string told(sql::Connection& connection, const std::string& query) {
        std::string all;
        for (const sql::Row& row : connection.exec(query)) {
            all.append(all.empty() ? "" : ", ").append(row.text_or_null(0).value_or("null"));
        }
        return all;
    }
    sql::Outcome refusal(const std::string& who, const std::string& statement) {
        return sql::outcome_of([&] { session(who).exec(statement); });
    }
    std::string doctor() {
        return text("select state || ': ' || found from doctor() where check_name = 'tenants'");
    }

    std::optional<TestNode> worker_;
    std::map<std::string, std::int64_t> done_;
    std::map<std::string, std::int64_t> waiting_;
    std::map<std::string, std::int64_t> event_;
};

}  // namespace baton::testing
