// Retention while an orchestrator leads: a base of each version is there before the log that it
// came from goes, so that time travel and migrations go on to be exact; what would have to read
// what is gone is refused before it begins.

#include <gtest/gtest.h>

#include "baton/orchestrator/past_view.hpp"
#include "orchestrator/versions_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

class RetentionProcessTest : public VersionsFixture {
protected:
    // Partitions of a hundred ids, instead of the one of ten million.
    void SetUp() override {
        world.ask(
            "drop table event_from_1; do $$ begin for i in 0..99 loop execute format('create table "
            "event_from_%s partition of event for values from (%1$s) to (%s)', i * 100 + 1, "
            "i * 100 + 101); end loop; end $$; create table whole as select * from read_log(0, 1)");
    }
    void dispatch(int count) {
        dispatch_flood(world, count);
        ASSERT_TRUE(world.settles());
        world.ask(
            "insert into whole select * from read_log((select max(position) from whole), 1000000)");
    }
    // Whether the log begins behind at least so many events, in time.
    bool drops(int events) {
        int looks = 0;
        return eventually(seconds(60), [&] {
            // Whoever wrote while the newest batch was taken keeps its end open until another one.
            if (++looks % 50 == 0) dispatch(1);
            world.ask("select maintain(true)");
            return std::stoi(world.ask("select log_beginning()")) >= events;
        });
    }
    // How many rows of a table of totals differ from the fold of the whole log up to a position.
    static std::string differences(const std::string& table, int version,
                                   const std::string& position) {
        const std::string fold =
            "select payload ->> 'account', count(*), sum((payload ->> 'amount')::bigint) * " +
            std::to_string(version) +
            " from whole where type = 'account/moved' and position <= " + position + " group by 1";
        const std::string rows = "select account, events, total from " + table;
        return "select (select count(*) from (" + fold + " except all " + rows +
               ") as missing) + (select count(*) from (" + rows + " except all " + fold +
               ") as surplus)";
    }
};

TEST_F(RetentionProcessTest, TimeTravelAndMigrationsGoOnFromTheBase) {
    world.ask("select dispatch('other')");
    const auto first = start("first", {"--totals", "2"});
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    ASSERT_TRUE(world.settles());
    world.ask("insert into whole select * from read_log(0, 1)");
    for (int i = 0; i < 3; ++i) dispatch(90);
    world.ask("select set_log_retention('1 microsecond')");
    ASSERT_TRUE(drops(200)) << world.ask("select retention()") << first->error_output();
    dispatch(90);

    const int base = std::stoi(world.ask(
        "select min(position) from view_snapshot where view = 'account_totals' and is_base"));
    const Registry registry = make_registry({.totals = 2});
    const OrchestratorOptions options;
    for (const int at : {base, base + 45, base + 90}) {
        sql::Connection connection = past_session(world.url(), test_schema);
        PastView view(connection, {options, registry}, {"account_totals", 2}, Position{at});
        view.go_to(Position{at});
        EXPECT_EQ(
            connection.exec(differences(view.table(), 2, std::to_string(at))).only().integer(0), 0)
            << at;
    }
    sql::Connection connection = past_session(world.url(), test_schema);
    try {
        const PastView view(connection, {options, registry}, {"account_totals", 2},
                            Position{base - 1});
        ADD_FAILURE() << "it was folded from what is left";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("cannot be made as it was at position"),
                  std::string::npos)
            << error.what();
    }

    const auto second = start("second", {"--totals", "3"});
    ASSERT_TRUE(is_ready("account_totals", 3)) << second->error_output();
    EXPECT_EQ(world.ask(differences("account_totals__v3", 3, "1000000")), "0");
    promote("account_totals", 3);
    ASSERT_TRUE(is_live("account_totals", 3)) << second->error_output();
    dispatch(100);
    ASSERT_TRUE(drops(300)) << world.ask("select retention()") << second->error_output();
    dispatch(10);
    EXPECT_EQ(world.ask(differences("account_totals__v3", 3, "1000000")), "0");
}

TEST_F(RetentionProcessTest, WhatHasToReadWhatIsGoneEndsWithOneLine) {
    world.ask("select dispatch('other')");
    const auto first = start("first", {"--totals", "1"});
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    ASSERT_TRUE(world.settles());
    world.ask("insert into whole select * from read_log(0, 1)");
    for (int i = 0; i < 3; ++i) dispatch(90);
    world.ask("select set_log_retention('1 microsecond')");
    ASSERT_TRUE(drops(200)) << world.ask("select retention()") << first->error_output();

    // Version 2 has no former one that it could begin with.
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(second->wait(seconds(20)));
    EXPECT_NE(
        second->error_output().find("view account_totals@2 has to read the log from its first "
                                    "event: the log begins after position 2"),
        std::string::npos)
        << second->error_output();
    EXPECT_EQ(world.ask("select count(*) from view_build"), "0") << "it keeps no number";

    dispatch(90);
    world.ask("select begin_view('account_totals', 2)");
    const auto third = start("third", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << third->error_output();
    EXPECT_EQ(world.ask("select sum(events) from account_totals__v2"),
              world.ask("select count(*) from whole where type = 'account/moved' and "
                        "position > log_beginning()"));
}

}  // namespace
}  // namespace baton::testing
