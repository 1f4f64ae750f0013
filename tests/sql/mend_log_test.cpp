// What docs/operations.md says of mending a log, word for word, done by an owner who is no
// superuser and whose views belong to others. What it comes to is in check_log_test.cpp and in
// tests/orchestrator/restore_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "baton/sql/leadership.hpp"
#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
}

class MendLogTest : public ::testing::Test {
protected:
    // Roles belong to the server: named after the database, and dropped with the test.
    void SetUp() override {
        admin_.exec("create role " + owner_ + " login createrole");
        admin_.exec("grant create on database " + database_.name() + " to " + owner_);
        Connection owner = connect(owner_);
        (void)Migrator().install(owner, schema_);
        Connection inside = connect(owner_);
        testing::describe_as_development(inside, environment_);
        owner.exec("create role " + login_ + " login in role " + schema_ + "_orchestrate");
    }
    void TearDown() override {
        (void)uninstall(admin_, schema_);
        admin_.exec("drop owned by " + owner_);
        admin_.exec("drop role " + login_ + ", " + owner_);
    }

    Connection connect(const std::string& role) {
        ConnectOptions options;
        options.schema = schema_;
        return Connection(database_.url() + "&user=" + role, options);
    }

    // Event 1 came from elsewhere, and stands at 1 and, taken for a late one, at 2, before event 2.
    void make_doubled_log() {
        admin_.exec("set search_path = " + schema_);
        admin_.exec(
            "insert into event (xid, type) values ('900', 'restored');"
            "select dispatch('native');"
            "insert into log_window (number, id_value, xid, seen, id_ceiling, stragglers) values"
            " (1, 0, '0', '1:1:', 0, '{}'),"
            " (2, 1, '0', '9223372036854775807:9223372036854775807:', 1, '{}'),"
            " (3, 1, '0', '1:1:', 1, '{}'),"
            " (4, 2, '9000', '9223372036854775807:9223372036854775807:', 2, '{900}');"
            "insert into log_origin (window_number, system_identifier, after_id)"
            " select 3, system_identifier, 1 from pg_control_system();"
            "insert into batch (first_position, count, window_number, after_id, last_id, epoch,"
            " started_at) values (1, 1, 2, 0, 1, 1, now()), (2, 2, 4, 0, 2, 1, now())");
    }

    // A view that a leader made, who is not the owner.
    void make_view() {
        Connection leader = connect(login_);
        prepare_leadership(leader);
        ASSERT_TRUE(lead(leader, {"node",
                                  {{"sales", 1}},
                                  {{"sales", 1}},
                                  std::chrono::seconds(5),
                                  testing::test_credentials(environment_)})
                        .epoch);
        leader.exec(
            "select register_reducer('sales', 1, 'b', 'c++', '[{\"name\": \"k\", \"type\":"
            " \"text\", \"nullable\": false, \"key\": true}]')");
        leader.exec("insert into sales__v1 values ('a', 3)");
        leader.exec("select set_view_state('sales', 'following', 0)");
    }

    // The statements of the page, with the names of this test.
    std::string documented() const {
        std::ifstream file(BATON_SOURCE_DIR "/docs/operations.md");
        const std::string page{std::istreambuf_iterator<char>(file), {}};
        const std::size_t begin = page.find("grant baton_production_orchestrate to baton_owner;");
        EXPECT_NE(begin, std::string::npos);
        std::string statements = page.substr(begin, page.find("```", begin) - begin);
        replace_all(statements, "baton_production", schema_);
        replace_all(statements, "baton_owner", owner_);
        return statements;
    }

    // The name whose schema is `baton_` and the database's name.
    static std::string environment_of(std::string name) {
        std::ranges::replace(name, '_', '-');
        return name;
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const std::string environment_ = environment_of(database_.name());
    const std::string schema_ = "baton_" + database_.name();
    const std::string owner_ = "owner_" + database_.name();
    const std::string login_ = "login_" + database_.name();
};

TEST_F(MendLogTest, WhatTheManualSaysMendsIt) {
    make_doubled_log();
    make_view();
    const std::string state = "select state from doctor() where check_name = 'positions'";
    ASSERT_EQ(admin_.exec("select count(*) from read_log()").only().integer(0), 3);
    ASSERT_EQ(admin_.exec(state).only().text(0), "problem");

    Connection owner = connect(owner_);
    EXPECT_EQ(owner.exec(documented()).only().integer(0), 1);
    EXPECT_EQ(
        admin_
            .exec("select string_agg(position::text || ' ' || id::text, ', ' order by position)"
                  " from read_log()")
            .only()
            .text(0),
        "1 1, 2 2");
    EXPECT_EQ(admin_.exec(state).only().text(0), "ok");
    EXPECT_EQ(admin_
                  .exec("select state || ' ' || position::text || ' ' || (select count(*) from "
                        "sales__v1)::text"
                        " from view_state")
                  .only()
                  .text(0),
              "behind 0 0");
}

TEST_F(MendLogTest, OrchestratorMayNot) {
    Connection login = connect(login_);
    EXPECT_EQ(outcome_of([&] { login.exec("select mend_log()"); }).sqlstate, "42501");
}

}  // namespace
}  // namespace baton::sql
