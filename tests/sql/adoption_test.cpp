// A copy of an environment does nothing but keep its views until its owner has said what it is:
// real dumps, restored in another cluster and in this one, and databases that are copied whole.

#include <gtest/gtest.h>

#include <optional>

#include "log_follower.hpp"
#include "outcome.hpp"
#include "restore_fixture.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::LogFollower;
using sql::Outcome;
using sql::outcome_of;
using testing::NodeOffer;
using testing::TestDatabase;
using testing::TestNode;

NodeOffer offer(const std::string& name = "node") {
    return {.name = name,
            .handlers =
                R"([{"name": "send", "version": 1, "build": "b1", "events": ["order/placed"]}])"};
}

class AdoptionTest : public ::testing::Test {
protected:
    // What production has when it is copied: of tasks ten that wait, one that waits for a time, one
    // that a node has, one that is done, and an event that nobody has reduced yet.
    void SetUp() override {
        if (!testing::has_pg_dump()) GTEST_SKIP() << testing::lacks_pg_dump;
        source_->exec(
            "update environment_home set database_id = (select oid from pg_database where datname "
            "= current_database())");
        TestNode node(url_, offer());
        session_ = node.session;
        source_->exec("select enqueue('send') from generate_series(1, 12)");
        source_->exec("select enqueue('send', run_at => now() + interval '1 day')");
        ASSERT_TRUE(node.complete(node.claim().at(0).token));
        source_->exec("select from follow('" + session_ + "', 'mailer', from_position => 1)");
        ASSERT_EQ(node.claim().size(), 1U);
        LogFollower follower(url_);
        source_->exec("select dispatch('order/seen', '{}')");
        follower.drain();
        source_->exec("select dispatch('order/placed', '{}')");
    }

    std::string dumped(const std::string& there) {
        testing::copy_database(url_, there, testing::Form::custom);
        return there;
    }

    static std::string ask(const std::string& url, const std::string& query) {
        return std::string(
            Connection(url, testing::in_test_schema()).exec("select " + query).only().text(0));
    }
    static std::string standing(const std::string& url) {
        return ask(url,
                   "concat_ws(' ', (select count(*) from task_ready), (select count(*) from "
                   "task_due), (select count(*) from task_end where outcome = 'cancelled'), "
                   "(select count(*) from machine))");
    }
    static std::string adopt(const std::string& url, const std::string& arguments) {
        return ask(url, "adopt_environment(" + arguments + ")");
    }
    // Nothing gives a task there, in no way; the views go on, and the tasks of events wait.
    void expect_inert(const std::string& url, const std::string& because) {
        const TestNode late(url, offer("late"));
        EXPECT_EQ(late.refused_code, "BT049");
        EXPECT_NE(late.refused_message.find(because), std::string::npos) << late.refused_message;
        EXPECT_NE(late.refused_message.find("`baton environment adopt test --as KIND`"),
                  std::string::npos);
        EXPECT_EQ(ask(url,
                      "string_agg(concat_ws(' ', code, node, attempts), '') "
                      "from refusals()"),
                  "BT049 late 1");
        const Outcome claimed =
            outcome_of([&] { ask(url, "count(*) from claim('" + session_ + "', 'send', 10)"); });
        EXPECT_EQ(claimed.code, "environment_not_adopted") << claimed.text;
        EXPECT_EQ(claimed.text, late.refused_message);
        for (const std::string& call :
             {"follow('" + session_ + "', 'mailer', take_over => true)",
              "read_follow('" + session_ + "')", "advance('" + session_ + "', '1.1', 1)"}) {
            const Outcome followed = outcome_of([&] { ask(url, call); });
            EXPECT_EQ(followed.text, late.refused_message) << call;
        }

        LogFollower follower(url);
        EXPECT_EQ(follower.drain().size(), 1U);
        ask(url, "maintain(at_once => true)");
        EXPECT_EQ(standing(url), "11 1 0 1") << "one more, of the event";
        EXPECT_NE(ask(url, "status() -> 'problems' ->> 0").find(because), std::string::npos);
        EXPECT_EQ(ask(url, "concat(state, fix) from doctor() where check_name = 'adoption'"),
                  "problemlet its owner run `baton environment adopt test --as KIND`");
    }

    TestDatabase database_{testing::environment_template()};
    const std::string url_ = database_.url();
    std::optional<Connection> source_{std::in_place, url_, testing::in_test_schema()};
    std::string session_;
};

TEST_F(AdoptionTest, DumpInAnotherClusterIsInertUntilItIsAdopted) {
    const std::string there = dumped(sql::database_elsewhere());
    expect_inert(there, "restored from a dump of another server");
    Connection inside(there, testing::in_test_schema());
    inside.exec("select dispatch('order/placed', '{}')");
    EXPECT_EQ(ask(there, "position from bookmarks()"), "0");
    EXPECT_EQ(adopt(there, "'test', 'development'"), "13");
    EXPECT_EQ(ask(there, "concat(position, state) from bookmarks()"), "2idle")
        << "what happened before is the other one's to follow";
    EXPECT_EQ(standing(there), "0 0 13 0");
    EXPECT_EQ(ask(there, "string_agg(distinct reason, '') from task_end where reason <> ''"),
              "cancelled by baton, who adopted this copy as development");

    TestNode node(there, offer());
    ASSERT_EQ(node.refused_message, "");
    LogFollower follower(there);
    EXPECT_EQ(follower.drain().size(), 1U);
    EXPECT_TRUE(node.claim(10).empty()) << "its event was dispatched before";
    inside.exec("select dispatch('order/placed', '{\"n\": 1}')");
    follower.drain();
    const auto claimed = node.claim(10);
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].payload, "{\"n\": 1}");
    EXPECT_EQ(ask(there, "state from doctor() where check_name = 'adoption'"), "ok");
}

TEST_F(AdoptionTest, DumpInAnotherDatabaseOfTheServerIsInert) {
    const std::string name = database_.name() + "_restored";
    auto& cluster = testing::Cluster::instance();
    cluster.execute("create database " + name + " template template0");
    const std::string copy = cluster.url(name);
    expect_inert(dumped(copy), "restored from a dump");
    EXPECT_EQ(adopt(copy, "'test', 'staging', discard => false"), "0");
    EXPECT_EQ(standing(copy), "11 1 0 0");
    cluster.execute("drop database " + name + " with (force)");
}

TEST_F(AdoptionTest, CopiedDatabaseIsInert) {
    const std::string name = database_.name();
    const std::string copy = name + "_copy";
    source_.reset();
    auto& cluster = testing::Cluster::instance();
    ASSERT_TRUE(testing::eventually(std::chrono::seconds(10),
                                    [&] { return database_.sessions().empty(); }));
    cluster.execute("create database " + copy + " template " + name);
    expect_inert(cluster.url(copy), "copied with its database from another one of this server");
    const TestNode at_home(url_, offer());
    EXPECT_EQ(at_home.refused_code, "") << "the one that was copied goes on";
    cluster.execute("drop database " + copy + " with (force)");
}

// What waited is done there, once production's machines were enrolled there.
TEST_F(AdoptionTest, CopyThatIsProductionNowGoesOnWithWhatWaits) {
    const std::string there = dumped(sql::database_elsewhere());
    EXPECT_EQ(adopt(there, "'test', 'production'"), "0");
    EXPECT_EQ(TestNode(there, offer()).refused_code, "BT029") << "it was enrolled at the other one";
    EXPECT_EQ(outcome_of([&] { LogFollower follower(there); }).code, "machine_not_enrolled");
    EXPECT_EQ(
        outcome_of([&] { ask(there, "count(*) from claim('" + session_ + "', 'send')"); }).code,
        "node_ended");
    const MachineCredentials machine = testing::test_credentials();
    ask(there, "enrol_machine('" + machine.machine_id + "', 'm', sha256(convert_to('" +
                   machine.token + "', 'UTF8')))");
    LogFollower follower(there);
    EXPECT_EQ(follower.drain().size(), 1U);
    ask(there, "maintain(at_once => true)");
    TestNode node(there, offer());
    EXPECT_EQ(node.claim(100).size(), 12U) << "with the one that a node had, and the event's";
}

// Somebody leads in it, and stops at once.
TEST_F(AdoptionTest, AdoptionEndsTheLeadership) {
    const std::string there = dumped(sql::database_elsewhere());
    LogFollower follower(there);
    Connection inside(there, testing::in_test_schema());
    adopt(there, "'test', 'staging'");
    inside.exec("select dispatch('order/placed', '{}')");
    EXPECT_NE(outcome_of([&] { follower.drain(); }).code, "no error");
    EXPECT_EQ(ask(there, "count(*) from batch"), "1");
}

TEST_F(AdoptionTest, AdoptionThatFailsChangesNothing) {
    const std::string there = dumped(sql::database_elsewhere());
    const std::string before = standing(there);
    Connection other(there, testing::in_test_schema());
    other.exec("begin; select from task_due for update");
    Connection owner(there, testing::in_test_schema());
    owner.exec("set lock_timeout = '100ms'");
    EXPECT_EQ(
        outcome_of([&] { owner.exec("select adopt_environment('test', 'development')"); }).sqlstate,
        "55P03");
    other.exec("rollback");
    for (const std::string arguments :
         {"'no name', 'development'", "'test', 'dev'", "'test', null"}) {
        EXPECT_NE(outcome_of([&] { adopt(there, arguments); }).code, "no error") << arguments;
    }
    // It breaks off at the last of what it does.
    owner.exec("alter table task_end add constraint none check (outcome <> 'cancelled')");
    EXPECT_NE(outcome_of([&] { adopt(there, "'test', 'development'"); }).code, "no error");
    EXPECT_EQ(standing(there), before);
    EXPECT_NE(ask(there, "unadopted()"), "");
    EXPECT_EQ(ask(there, "kind from environment"), "development");
}

TEST_F(AdoptionTest, WhatIsAtHomeIsNotAdopted) {
    const std::string before = standing(url_);
    EXPECT_EQ(adopt(url_, "'test', 'development', discard => true"), "0") << "it is that already";
    EXPECT_EQ(standing(url_), before);
    source_->exec("select describe_environment('test', 'production')");
    const Outcome outcome = outcome_of([&] { adopt(url_, "'test', 'development'"); });
    EXPECT_EQ(outcome.code, "settings_invalid");
    EXPECT_EQ(outcome.text,
              "the environment test is at home here, as one of kind production: there is nothing "
              "to adopt");
    const std::string there = dumped(sql::database_elsewhere());
    adopt(there, "'test', 'staging'");
    EXPECT_EQ(adopt(there, "'test', 'staging'"), "0") << "after a COMMIT in doubt";
    EXPECT_EQ(standing(there), "0 0 12 0") << "those that waited, and the one that a node had";
}

// A copy of a copy is one, also where by chance the tables have the same numbers.
TEST_F(AdoptionTest, CopyOfAnAdoptedCopyIsInert) {
    const std::string there = dumped(sql::database_elsewhere());
    adopt(there, "'test', 'development'");
    const std::string again = sql::database_elsewhere();
    testing::copy_database(there, again, testing::Form::sql);
    EXPECT_EQ(TestNode(again, offer()).refused_code, "BT049");
    Connection(again, testing::in_test_schema())
        .exec(
            "update environment_home set system_identifier = 1, table_id = "
            "'environment_home'::regclass, database_id = (select oid from pg_database where "
            "datname = current_database()), written_by = '3'");
    EXPECT_EQ(TestNode(again, offer()).refused_code, "BT049");
}

// pg_upgrade gives the cluster another identifier, and leaves rows and tables as they are.
TEST_F(AdoptionTest, UpgradedClusterAndPhysicalCopyGoOn) {
    source_->exec(
        "update environment_home set system_identifier = 1, written_by = pg_current_xact_id()");
    TestNode node(url_, offer());
    EXPECT_EQ(node.refused_code, "");
    EXPECT_EQ(node.claim().size(), 1U);
}

}  // namespace
}  // namespace baton
