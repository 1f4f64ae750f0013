// An orchestrator's memory does not grow with the size of the events that it reads.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using std::chrono::seconds;

// In megabytes: the most that the process had in memory.
int peak_memory(const ChildProcess& process) {
    std::ifstream file("/proc/" + std::to_string(process.pid()) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("VmHWM:")) continue;
        int kilobytes = 0;
        std::istringstream(line.substr(6)) >> kilobytes;
        return kilobytes / 1024;
    }
    return -1;
}

// Whether a process that follows the log, and another that reads all of it again for a view that
// was dropped, make `marks` of it in little memory.
void expect_little_memory(World& world, const std::string& marks) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own memory would be measured";
#endif
    const std::string is_there = "(select sum(marks) from mark_totals) = " + marks;
    const auto one = world.start({.node = "one"});
    ASSERT_TRUE(world.leads("one"));
    ASSERT_TRUE(world.settles()) << one->error_output();
    ASSERT_TRUE(world.comes_true(is_there, seconds(60))) << one->error_output();
    EXPECT_EQ(world.ask("select sum(count) from batch"), marks);
    const int live = peak_memory(*one);
    one->kill(SIGKILL);

    world.ask(
        "drop view mark_totals; drop table mark_totals__v1;"
        "delete from view_state where view = 'mark_totals'");
    const auto two = world.start({.node = "two"});
    ASSERT_TRUE(world.leads("two"));
    ASSERT_TRUE(world.comes_true("exists (select from view_state where view = 'mark_totals')"));
    ASSERT_TRUE(world.comes_true(is_there, seconds(60))) << two->error_output();
    const int catching_up = peak_memory(*two);
    std::cout << "peak memory: " << live << " MB live, " << catching_up << " MB catching up\n";
    EXPECT_GT(live, 0);
    EXPECT_LT(live, 150);
    EXPECT_LT(catching_up, 150);
}

TEST(MemoryTest, LargeEventsDoNotMakeTheProcessLarge) {
    World world;
    world.ask(
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account',"
        " 'a', 'fault', '', 'text', repeat(md5(n::text), 28000))"
        " from generate_series(1, 400) as n; select ring()");
    expect_little_memory(world, "400");
}

// Small events say nothing about how large the next ones are.
TEST(MemoryTest, LargeEventsAfterManySmallOnesDoNotEither) {
    World world;
    // As large when they are stored (no compression helps), and with a large meta.
    world.ask(
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account', 'a',"
        " 'fault', '') from generate_series(1, 20000);"
        "insert into event (type, payload, meta) select 'mark/made', jsonb_build_object('account',"
        " 'b', 'fault', '', 'text', repeat(md5(n::text), 28000)), jsonb_build_object('text',"
        " repeat(md5(n::text), 500)) from generate_series(1, 600) as n; select ring()");
    expect_little_memory(world, "20600");
}

// What they take in the log says nothing either: digits of numbers, and compressed texts.
TEST(MemoryTest, EventsThatAreSmallInTheLogAndLargeAsTextDoNotEither) {
    World world;
    world.ask(
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account', 'a',"
        " 'fault', '') from generate_series(1, 10000);"
        "insert into event (type, payload) select 'mark/made', ('{\"account\": \"b\", \"fault\":"
        " \"\", \"n\": [1e131071,1e131071,1e131071]}')::jsonb from generate_series(1, 600);"
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account', 'c',"
        " 'fault', '', 'text', repeat('x', 30000)) from generate_series(1, 10000);"
        "insert into event (type, payload, meta) select 'mark/made', jsonb_build_object('account',"
        " 'd', 'fault', ''), '{\"n\": 1e16000}' from generate_series(1, 10000);"
        "select ring()");
    ASSERT_EQ(world.ask("select max(pg_column_size(payload)) < 500 from event"), "t");
    expect_little_memory(world, "30600");
}

}  // namespace
}  // namespace baton::testing
