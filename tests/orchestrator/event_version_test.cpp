// Events of a schema version that a live program does not know: they stop the view set that wants
// them, whatever the policy on poisoned events, and no other; and every way out loses nothing.
#include <gtest/gtest.h>

#include <csignal>

#include "baton/orchestrator/past_view.hpp"
#include "orchestrator/sql_file.hpp"
#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

const std::string folder = BATON_SOURCE_DIR "/tests/orchestrator/program/";

// A program from before version 2 of price/changed, which would rather skip than stop.
const std::vector<std::string> old_program{"--prices", "1", "--old-prices", "--skip"};

class EventVersionTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const std::string& node, std::vector<std::string> options) {
        options.insert(options.end(), {"--lease", "1000", "--poll", "200"});
        return world.start({.node = node, .options = std::move(options)});
    }

    void change_price(const std::string& payload, int schema_version) {
        world.ask("select dispatch('price/changed', '" + payload + "', schema_version => " +
                  std::to_string(schema_version) + ")");
    }

    // Prices at positions 1, 2 and 4 as they were, at 3 and 5 as they are now; and other events.
    void change_prices() {
        change_price(R"({"item": "a", "euros": 1})", 1);
        change_price(R"({"item": "b", "euros": 2})", 1);
        change_price(R"({"item": "a", "cents": 150})", 2);
        change_price(R"({"item": "b", "euros": 3})", 1);
        change_price(R"({"item": "c", "cents": 250})", 2);
        world.ask(R"(select dispatch('mark/made', '{"account": "a", "fault": ""}'))");
        dispatch_flood(world, 50);
        ASSERT_TRUE(world.comes_true("not exists (select from waiting_events(1))"));
    }

    [[nodiscard]] bool halts(const std::string& view, int position) {
        return world.comes_true(
            "exists (select from view_state where view = '" + view +
            "' and state = 'halted' and position = " + std::to_string(position) + ")");
    }
    // As soon as a process has come that carries it.
    void promote(const std::string& set, int version) {
        const std::string number = std::to_string(version);
        const std::string known = "exists (select from set_version where view_set = '" + set +
                                  "' and version = " + number;
        ASSERT_TRUE(world.comes_true(known + ")"));
        world.ask("select promote(array['" + set + "'], array[" + number + "], true)");
        ASSERT_TRUE(world.comes_true(known + " and state = 'live')"));
    }
    [[nodiscard]] std::string prices(const std::string& view) {
        return world.ask("select string_agg(item || ' ' || cents, ', ' order by item) from " +
                         view);
    }

    World world;
};

TEST_F(EventVersionTest, ANewerVersionHaltsItsSetWhateverThePolicyAndNoOther) {
    std::vector<std::string> options = old_program;
    options.insert(options.end(), {"--set", "shop", "1", "item_prices,mark_totals"});
    const auto process = start("old", options);
    ASSERT_TRUE(world.leads("old"));
    change_prices();
    ASSERT_TRUE(halts("item_prices", 2)) << process->error_output();

    const std::string reason =
        "price/changed has schema version 2, this program knows 1: promote a version of "
        "item_prices that knows it";
    const std::string at_event = "event 3 (price/changed) at position 3: " + reason;
    EXPECT_EQ(world.ask("select position || ' ' || state || ' ' || error from dead_event"),
              "3 halting " + reason);
    EXPECT_EQ(world.ask("select reason from view_state where view = 'item_prices'"), at_event);
    EXPECT_NE(world.ask("select status() ->> 'problems'").find(reason), std::string::npos);
    EXPECT_NE(world.ask("select versions()").find(at_event), std::string::npos);

    EXPECT_EQ(prices("item_prices"), "a 100, b 200");
    EXPECT_EQ(world.ask("select count(*) from mark_totals"), "0") << "of the same set";
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "50");
    world.expect_exact({.prices = 1, .old_prices = true});

    // The same program meets it again.
    EXPECT_EQ(world.ask("select resolve_dead_event('item_prices', 'retry')"), "3");
    ASSERT_TRUE(world.comes_true(
        "exists (select from dead_event where position = 3 and state = 'halting')"));
    EXPECT_EQ(prices("item_prices"), "a 100, b 200");
}

TEST_F(EventVersionTest, ANewReducerVersionThatKnowsItIsBuiltBesideTheHaltedOneAndPromoted) {
    const auto old_one = start("old", old_program);
    ASSERT_TRUE(world.leads("old"));
    change_prices();
    ASSERT_TRUE(halts("item_prices", 2)) << old_one->error_output();

    const auto new_one = start("new", {"--prices", "2"});
    promote("item_prices", 2);
    ASSERT_TRUE(world.settles()) << new_one->error_output();
    change_price(R"({"item": "b", "euros": 7})", 1);
    change_price(R"({"item": "d", "cents": 4})", 2);
    ASSERT_TRUE(world.settles()) << new_one->error_output();
    EXPECT_EQ(prices("item_prices"), "a 150, b 700, c 250, d 4");
    world.expect_exact({.prices = 2});
    EXPECT_EQ(world.ask("select string_agg(state, ',') from dead_event where version = 2"), "");

    // There is no way back to what would have to guess.
    ASSERT_TRUE(
        world.comes_true("(select state = 'halted' and is_kept(b) from view_build b"
                         " where view = 'item_prices' and version = 1)"))
        << old_one->error_output();
    try {
        world.ask("select roll_back(array['item_prices'])");
        ADD_FAILURE() << "rolled back to a version that does not know an event";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::promotion_refused);
        EXPECT_NE(std::string(error.what()).find("item_prices@1 is halted at position 2"),
                  std::string::npos)
            << error.what();
    }
}

TEST_F(EventVersionTest, ARestartedProgramOfTheSameBuildThatKnowsItGoesOnAfterARetry) {
    auto old_one = start("old", old_program);
    ASSERT_TRUE(world.leads("old"));
    change_prices();
    ASSERT_TRUE(halts("item_prices", 2)) << old_one->error_output();
    old_one->kill(SIGTERM);
    ASSERT_TRUE(old_one->wait(seconds(20))) << old_one->error_output();

    const auto new_one = start("new", {"--prices", "1"});
    ASSERT_TRUE(world.leads("new")) << new_one->error_output();
    EXPECT_EQ(world.ask("select state from view_state where view = 'item_prices'"), "halted");
    EXPECT_EQ(world.ask("select resolve_dead_event('item_prices', 'retry')"), "3");
    ASSERT_TRUE(world.settles()) << new_one->error_output();
    EXPECT_EQ(prices("item_prices"), "a 150, b 300, c 250");
    world.expect_exact({.prices = 1});
}

TEST_F(EventVersionTest, ASqlReducerStopsBeforeWhatItDeclaresOrSaysNotToKnow) {
    const auto old_one = start(
        "old", {"--sql", folder + "sql_prices.sql", "--sql", folder + "sql_totals.sql", "--skip"});
    ASSERT_TRUE(world.leads("old"));
    change_prices();
    ASSERT_TRUE(halts("sql_prices", 2)) << old_one->error_output();
    EXPECT_EQ(world.ask("select position || ' ' || state || ' ' || error from dead_event"),
              "3 halting price/changed has schema version 2, sql_prices@1 knows 1: promote a "
              "version of sql_prices that knows it");
    EXPECT_EQ(prices("sql_prices"), "a 100, b 200");
    EXPECT_EQ(world.ask("select sum(events) from sql_totals"), "50");
    world.expect_exact();

    const auto new_one = start("new", {"--sql", folder + "sql_prices_v2.sql", "--sql",
                                       folder + "sql_totals.sql", "--skip"});
    promote("sql_prices", 2);
    ASSERT_TRUE(world.settles()) << new_one->error_output();
    EXPECT_EQ(prices("sql_prices"), "a 150, b 300, c 250");

    const std::string head = world.ask("select max(first_position + count - 1) from batch");
    change_price(R"({"item": "a", "pounds": 1})", 3);
    dispatch_flood(world, 10);
    ASSERT_TRUE(halts("sql_prices", std::stoi(head))) << new_one->error_output();
    EXPECT_EQ(world.ask("select error from dead_event where version = 2"),
              "price/changed has schema version 3, sql_prices@2 knows 1 to 2");
    ASSERT_TRUE(world.comes_true("(select sum(events) from sql_totals) = 60"));
    EXPECT_EQ(prices("sql_prices"), "a 150, b 300, c 250");
}

TEST_F(EventVersionTest, ASqlReducerThatDeclaresNothingKnowsVersionOneOfWhatItReads) {
    const std::string file = sql_reducer_file("undeclared", R"(
        create table undeclared__v1 (
            item text primary key, cents bigint not null, position bigint not null);
        create function undeclared__v1() returns void language sql as $$
            insert into undeclared__v1
            select distinct on (e.payload ->> 'item')
                   e.payload ->> 'item', coalesce((e.payload ->> 'euros')::bigint, 0) * 100,
                   e.position
              from batch_event e
             where e.type = 'price/changed'
             order by e.payload ->> 'item', e.position desc
                on conflict (item) do update
               set cents = excluded.cents, position = excluded.position;
        $$;)");
    const auto process =
        start("old", {"--sql", file, "--sql", folder + "sql_totals.sql", "--skip"});
    ASSERT_TRUE(world.leads("old")) << process->error_output();
    change_prices();
    ASSERT_TRUE(halts("undeclared", 2)) << process->error_output();
    EXPECT_EQ(world.ask("select view || ' ' || position || ' ' || error from dead_event"),
              "undeclared 3 price/changed has schema version 2, undeclared@1 knows 1: promote a "
              "version of undeclared that knows it");
    EXPECT_EQ(prices("undeclared"), "a 100, b 200");
    EXPECT_EQ(world.ask("select sum(events) from sql_totals"), "50");
    world.expect_exact();
}

// A candidate that is tried out on the log, under a policy that would leave out what is poisoned.
TEST_F(EventVersionTest, ARowOfThePastIsNotMadeAroundWhatAProgramDoesNotKnow) {
    const auto process = start("leader", {});
    ASSERT_TRUE(world.leads("leader"));
    change_prices();
    const Registry registry = make_registry({.prices = 1, .old_prices = true});
    OrchestratorOptions options;
    options.on_poison = [](std::string_view) { return PoisonPolicy::skip; };
    options.sql_reducers = {sql::read_sql_reducer(folder + "sql_prices.sql")};
    for (const std::string view : {"item_prices", "sql_prices"}) {
        sql::Connection connection = past_session(world.url(), test_schema);
        PastView past(connection, {options, registry}, {view, 1}, Position{0},
                      PastView::Source::carried);
        past.go_to(Position{2});
        try {
            past.go_to(Position{3});
            FAIL() << view << " was folded around the event";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::event_version_unknown) << error.what();
        }
    }
}

}  // namespace
}  // namespace baton::testing
