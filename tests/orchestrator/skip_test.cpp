// Events that a person skips: for every version of every view that cannot fold them, and for no
// other; whatever the skip meets on its way.
#include <gtest/gtest.h>

#include <csignal>

#include "orchestrator/versions_fixture.hpp"

namespace baton::testing {
namespace {

class SkipTest : public VersionsFixture {
protected:
    void mark(const std::string& fault) {
        world.ask("select dispatch('mark/made', jsonb_build_object('account', 'a', 'fault', '" +
                  fault + "'))");
    }
    [[nodiscard]] bool halts(const std::string& view) {
        return world.comes_true("exists (select from view_state where view = '" + view +
                                "' and state = 'halted')");
    }
    [[nodiscard]] bool follows(const std::string& view) {
        return world.comes_true("exists (select from view_state where view = '" + view +
                                "' and state = 'following')");
    }
    [[nodiscard]] std::string skip(int event) {
        return world.ask(
            "select string_agg(view || version, ',' order by view, version) from"
            " resolve_dead_events('skip', " +
            std::to_string(event) + ")");
    }
};

// The build reads several pages ahead and folds them together; each kind of failure is in them.
TEST_F(SkipTest, ABuildStepsOverWhatWasSkippedAndIsExact) {
    const auto first = start("first", {"--marks", "1"});
    ASSERT_TRUE(world.leads("first"));
    for (const char* const fault : {"", "exception", "", "row", "", "other", ""}) mark(fault);
    dispatch_flood(world, 3000);
    mark("");
    for (const int event : {2, 4, 6}) {
        ASSERT_TRUE(
            world.comes_true("exists (select from dead_event where state = 'halting'"
                             " and event_id = " +
                             std::to_string(event) + ")"))
            << first->error_output();
        EXPECT_EQ(skip(event), "mark_totals1");
    }
    ASSERT_TRUE(follows("mark_totals")) << first->error_output();
    EXPECT_EQ(world.ask("select marks from mark_totals"), "5");
    world.expect_exact();
    const auto second = start("second", {"--marks", "3"});
    ASSERT_TRUE(is_ready("mark_totals", 3)) << second->error_output();
    EXPECT_EQ(world.ask("select string_agg(position::text, ',' order by position) from dead_event"
                        " where version = 3 and state = 'skipped'"),
              "2,4,6");
    EXPECT_EQ(world.ask("select count(*) from dead_event where state = 'halting'"), "0");
    EXPECT_EQ(
        world.ask("select string_agg(account || marks || position, ',') from mark_totals__v3"),
        world.ask("select string_agg(account || marks || position, ',') from mark_totals__v1"));
}

// Between the fold that fails and the note of it somebody skips the event: it is not halted for.
TEST_F(SkipTest, AViewIsNotHaltedForWhatWasSkippedMeanwhile) {
    world.ask(
        "insert into skipped_event (position, event_id, view) values (7, 7, null), (8, 8, 'b')");
    const auto record = [&](const std::string& view, int position) {
        const std::string number = std::to_string(position);
        return refusal("record_dead_event('" + view + "', 1, " + number + ", " + number +
                       ", 'x', 'why', 'halting')");
    };
    EXPECT_EQ(record("a", 7).find("BT020 "), 0U) << record("a", 7);
    EXPECT_EQ(record("b", 8).find("BT020 "), 0U);
    EXPECT_EQ(record("a", 8), "");
    EXPECT_EQ(record("a", 9), "");
}

// A person may say of an event what no policy may: that what is too old for it goes on.
TEST_F(SkipTest, AnEventOfAnUnknownVersionIsSkippedByTheOldVersionAndReadByTheNew) {
    const auto first = start("first", {"--prices", "1", "--old-prices", "--skip"});
    ASSERT_TRUE(world.leads("first"));
    world.ask(
        "select dispatch('price/changed', '{\"item\": \"a\", \"cents\": 150}',"
        " schema_version => 2)");
    ASSERT_TRUE(halts("item_prices")) << first->error_output();
    EXPECT_EQ(skip(1), "item_prices1");
    ASSERT_TRUE(follows("item_prices")) << first->error_output();
    EXPECT_EQ(world.ask("select count(*) from item_prices"), "0");
    const auto second = start("second", {"--prices", "2"});
    ASSERT_TRUE(is_ready("item_prices", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select cents from item_prices__v2"), "150");
}

// A version that is kept for a rollback halts as a matter of course.
TEST_F(SkipTest, AFormerVersionThatIsTooOldIsANoteAndNoProblem) {
    const auto first = start("first", {"--prices", "1", "--old-prices"});
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", {"--prices", "2"});
    ASSERT_TRUE(is_ready("item_prices", 2)) << second->error_output();
    promote("item_prices", 2);
    ASSERT_TRUE(is_live("item_prices", 2));
    ASSERT_TRUE(is_ready("item_prices", 1)) << first->error_output();
    world.ask(
        "select dispatch('price/changed', '{\"item\": \"a\", \"cents\": 150}',"
        " schema_version => 2)");
    ASSERT_TRUE(world.comes_true("exists (select from view_build where state = 'halted')"))
        << first->error_output();
    EXPECT_EQ(world.ask("select status() ->> 'problems'"), "[]");
    EXPECT_NE(world.ask("select status() ->> 'notes'")
                  .find("item_prices@1, which is kept for a rollback, is halted at position 0"),
              std::string::npos)
        << world.ask("select status() ->> 'notes'");
    EXPECT_NE(refusal("roll_back(array['item_prices'])").find("is halted at position 0"),
              std::string::npos);
}

}  // namespace
}  // namespace baton::testing
