// A log that came to another cluster, with all that keeps its views: what runs, who writes, and a
// view that is made there from the first event on (docs/operations.md, "Restore, copy").
#include <gtest/gtest.h>

#include <csignal>

#include "baton/postgres/private_postgres.hpp"
#include "orchestrator/world.hpp"
#include "support/cluster.hpp"
#include "support/dump.hpp"

namespace baton::testing {
namespace {

const std::string sql_file = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

void end(ChildProcess& process) {
    process.kill(SIGTERM);
    ASSERT_TRUE(process.wait(seconds(10)));
}

std::int64_t number(World& world, const std::string& expression) {
    return std::stoll(world.ask("select " + expression));
}

constexpr auto next_xid = "pg_snapshot_xmax(pg_current_snapshot())";

// Every id of the restored events' transactions is given out again, while all of it runs.
TEST(RestoreTest, ViewsStayExactThroughTheIdsOfRestoredEvents) {
    if (!has_pg_dump()) GTEST_SKIP() << lacks_pg_dump;
    postgres::PrivatePostgres elsewhere({.settings = {"fsync=off", "full_page_writes=off"}});
    sql::Connection(elsewhere.url()).exec("create database restored template template0");
    {
        World world;
        sql::Connection counter(world.url());
        advance_xid_to(counter, 3000);
        auto process =
            world.start({.node = "here", .options = {"--without-marks", "--sql", sql_file}});
        ASSERT_TRUE(world.leads("here"));
        Writers writers(world.url(), 2);
        ASSERT_TRUE(world.comes_true("(select count(*) from event) > 1000"));
        process->kill(SIGKILL);
        ASSERT_TRUE(process->wait(seconds(10)));
        ASSERT_TRUE(world.comes_true("(select count(*) from event) > 1200"));
        writers.stop();
        copy_database(world.url(), elsewhere.url("restored"), Form::custom);
    }
    World world(elsewhere.url("restored"));
    const std::int64_t last = number(world, "max(xid) from event");
    sql::Connection counter(world.url());
    ASSERT_LT(number(world, next_xid), 3000) << "the counter is ahead";
    advance_xid_to(counter, 3000);
    auto process = world.start({.node = "there", .options = {"--sql", sql_file}});
    ASSERT_TRUE(world.leads("there")) << process->error_output();
    Writers writers(world.url(), 4, milliseconds(1));
    ASSERT_TRUE(world.comes_true(std::string(next_xid) + "::text::bigint > " + std::to_string(last),
                                 seconds(60)));
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
    EXPECT_EQ(world.ask("select count(*) from view_state where state = 'following'"), "3");
    end(*process);
}

// Where restored events were taken again, as by a former release, which did as if no event had come
// from elsewhere.
TEST(RestoreTest, AMendedLogIsFoldedAnewFromItsFirstEvent) {
    World world;
    {
        Writers writers(world.url(), 1, milliseconds(0));
        ASSERT_TRUE(world.comes_true("(select count(*) from event) > 600"));
    }
    world.ask("update event set xid = (xid::text::bigint + " + std::string(next_xid) +
              "::text::bigint - (select min(xid::text::bigint) from event) + 50)::text::xid8");
    world.ask("update log_origin set system_identifier = 1");
    auto process = world.start({.node = "former", .options = {"--sql", sql_file}});
    ASSERT_TRUE(world.leads("former"));
    ASSERT_TRUE(world.settles());
    const std::string after_id = world.ask("select max(after_id) from log_origin");
    world.ask("update log_origin set after_id = 0");
    {
        Writers writers(world.url(), 2);
        ASSERT_TRUE(
            world.comes_true("(select count(*) from event) > 300 + " + after_id, seconds(60)));
    }
    ASSERT_TRUE(world.settles());
    end(*process);
    world.ask("update log_origin set after_id = " + after_id + " where window_number > 0");
    ASSERT_NE(world.ask("select state from doctor() where check_name = 'positions'"), "ok");

    world.ask("select mend_log()");
    EXPECT_EQ(world.ask("select state from doctor() where check_name = 'positions'"), "ok");
    process = world.start({.node = "after", .options = {"--sql", sql_file}});
    ASSERT_TRUE(world.leads("after"));
    {
        const Writers writers(world.url(), 1);
        ASSERT_TRUE(world.settles());
    }
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
    EXPECT_EQ(world.ask("select count(*) from view_state where state = 'following'"), "3");
    end(*process);
}

}  // namespace
}  // namespace baton::testing
