// A row that is watched while the log is folded anew: each event that touches it is told, wherever
// in the pages they lie.
#include <gtest/gtest.h>

#include "baton/orchestrator/past_view.hpp"
#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

const std::string sql_totals = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

class WatchedRowTest : public ::testing::Test {
protected:
    // The positions after 100 of the events that the view's row is told to be touched by.
    std::string told(const std::string& name, const std::string& account, bool knows_position) {
        sql::Connection connection = past_session(world_.url(), test_schema);
        PastView view(connection, {options_, registry_}, {name, 1}, Position{100});
        view.go_to(Position{100});
        const std::string query =
            "select coalesce(max(to_jsonb(r)::text), ''),"
            " coalesce(max(r.position), 0) from " +
            view.table() + " as r where account = $1";
        std::string positions;
        std::string last;
        view.watch_to(
            Position{500},
            [&](sql::Transaction& transaction) {
                const sql::Result row = transaction.exec(query, {account});
                return PastView::Sight{std::string(row.only().text(0)),
                                       Position{knows_position ? row.only().integer(1) : 0}};
            },
            [&](Position at, const std::string& before, const std::string& after) {
                positions += std::to_string(static_cast<std::int64_t>(at)) + ",";
                EXPECT_NE(before, after);
                EXPECT_TRUE(last.empty() || before == last) << name;
                last = after;
            });
        EXPECT_EQ(connection.exec("select count(*) from " + view.table()).only().integer(0),
                  std::stoll(world_.ask("select count(*) from " + name)));
        return positions;
    }

    World world_;
    OrchestratorOptions options_;
    Registry registry_ = make_registry({});
};

TEST_F(WatchedRowTest, EachEventThatTouchedItIsTold) {
    const auto process = world_.start(
        {.node = "leader", .options = {"--lease", "1000", "--poll", "100", "--sql", sql_totals}});
    ASSERT_TRUE(world_.leads("leader")) << process->error_output();
    for (int i = 0; i < 5; ++i) dispatch_flood(world_, 100);
    ASSERT_TRUE(world_.settles()) << process->error_output();
    const std::string account = world_.ask(
        "select payload ->> 'account' from read_log() where type = 'account/moved' limit 1");
    const std::string touching = world_.ask(
        "select string_agg(concat(position, ','), '' order by position) from read_log(100, "
        "1000000) "
        "where type = 'account/moved' and payload ->> 'account' = '" +
        account + "'");
    EXPECT_NE(touching, "");
    for (const bool knows_position : {true, false}) {
        EXPECT_EQ(told("account_totals", account, knows_position), touching);
        EXPECT_EQ(told("sql_totals", account, knows_position), touching);
    }
}

}  // namespace
}  // namespace baton::testing
