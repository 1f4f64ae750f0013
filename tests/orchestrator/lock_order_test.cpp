// A person resolves dead events while a batch records one, or a view of a set is put off.
#include <gtest/gtest.h>

#include <future>

#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

TEST(LockOrderTest, WhoSkipsAnEventAndABatchThatHaltsASetDoNotLockEachOtherOut) {
    World world;
    const auto process = world.start(
        {.node = "leader",
         .options = {"--lease", "20000", "--set", "books", "1", "account_totals,mark_totals"}});
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.settles()) << process->error_output();
    const auto waiting_sessions = [&](const std::string& count) {
        return world.comes_true(
            "(select count(distinct pid) from pg_locks where not granted and relation ="
            " 'baton_test.skipped_event'::regclass) = " +
            count);
    };

    // Both come to wait for the same table, the person first.
    sql::Connection user(world.url(), in_test_schema("user"));
    std::optional<sql::Transaction> lock(std::in_place, user);
    lock->exec("lock table skipped_event in exclusive mode");
    auto said = std::async(std::launch::async, [&]() -> std::string {
        sql::Connection person(world.url(), in_test_schema("person"));
        try {
            person.exec("select resolve_dead_events('skip', 1000000)");
            return "";
        } catch (const Error& error) {
            return error.what();
        }
    });
    ASSERT_TRUE(waiting_sessions("1"));
    world.ask("select dispatch('mark/made', '{\"account\": \"a\", \"fault\": \"exception\"}')");
    ASSERT_TRUE(waiting_sessions("2")) << process->error_output();
    lock->commit();

    EXPECT_EQ(said.get(), "event 1000000 is dead for no view; nothing to skip");
    ASSERT_TRUE(world.comes_true("exists (select from view_state where state = 'halted')"))
        << process->error_output();
    EXPECT_EQ(process->error_output().find("put off"), std::string::npos)
        << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(view || state || position, ',' order by view) from"
                        " view_state"),
              "account_totalsbehind10,mark_totalshalted10");
}

}  // namespace
}  // namespace baton::testing
