// View sets and handlers in one promotion: one transaction switches them all, at one position.
#include <gtest/gtest.h>

#include "orchestrator/versions_fixture.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {
namespace {

class HandlerInPromotionTest : public VersionsFixture {
protected:
    [[nodiscard]] bool are_live(int version) {
        return is_live("account_totals", version) &&
               world.ask("select live_version from handler") == std::to_string(version);
    }
    // Some events became tasks of this version.
    [[nodiscard]] bool has_tasks_of(int version) {
        return world.comes_true(
            "exists (select from task t join requirement r on r.id = t.requirement "
            "where r.version = " +
            std::to_string(version) + ")");
    }
};

TEST_F(HandlerInPromotionTest, SwitchesAtThePositionOfTheViewsAndBackUnderLoad) {
    const std::string events = R"("events": ["account/moved"])";
    const TestNode node(
        world.url(),
        {.handlers = R"([{"name": "notify", "version": 1, "build": "x", )" + events +
                     R"(}, {"name": "notify", "version": 2, "build": "y", )" + events + "}]"});
    Writers writers(world.url(), 4);
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    const std::string both = "array['notify', 'account_totals'], array[2, ";
    EXPECT_EQ(refusal("promote(array['notify', 'account_totals'], array[3, 2])"),
              "BT034 handler notify has no version 3 here; there is 1 (live), 2");
    EXPECT_EQ(refusal("promote(" + both + "2], nodes => 2)").substr(0, 33),
              "BT035 notify@2 is carried by 1 li");
    EXPECT_EQ(world.ask("select count(*) from promotion"), "0");

    ASSERT_TRUE(has_tasks_of(1)) << first->error_output();
    world.ask("select promote(" + both + "2], true)");
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_TRUE(are_live(2)) << "in the same transaction";
    ASSERT_TRUE(has_tasks_of(2)) << second->error_output();
    ASSERT_TRUE(is_ready("account_totals", 1)) << first->error_output();
    world.ask("select roll_back(array['account_totals', 'notify'], true)");
    ASSERT_TRUE(is_live("account_totals", 1)) << first->error_output();
    EXPECT_TRUE(are_live(1));
    ASSERT_TRUE(
        world.comes_true("(select max(first_position) from batch) > "
                         "(select max(position) from promotion)"));

    writers.stop();
    ASSERT_TRUE(world.settles()) << first->error_output();
    EXPECT_EQ(
        world.ask("select string_agg((select string_agg(f.name || f.version::text, ' ' order by "
                  "f.name) from unnest(p.former) f), ', ' order by p.id) from promotion p"),
        "account_totals1 notify1, account_totals2 notify2");
    EXPECT_EQ(world.ask("select count(*) from read_log(0, 2147483647) as e "
                        "join task t on t.event_id = e.id "
                        "join requirement r on r.id = t.requirement "
                        "where r.version <> coalesce((select p.handler_versions[1] from promotion p"
                        " where p.position < e.position order by p.id desc limit 1), 1)"),
              "0");
    world.expect_exact();
}

}  // namespace
}  // namespace baton::testing
