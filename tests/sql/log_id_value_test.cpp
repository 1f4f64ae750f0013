// The id sequence's value, which each window counts on: an id that is drawn after it was read is
// higher, however many sessions draw ids meanwhile.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "baton/sql/connection.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

class LogIdValueTest : public ::testing::Test {
protected:
    std::int64_t ask(const std::string& query) { return connection_.exec(query).only().integer(0); }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
};

// nextval() shows a value that is 32 ahead, for a moment, to those who read the sequence as a
// table: each time that it writes the log ahead.
TEST_F(LogIdValueTest, IsNeverAheadOfTheNextIdThatIsDrawn) {
    std::atomic<bool> stopping = false;
    std::array<std::thread, 3> drawing;
    for (std::thread& thread : drawing) {
        thread = std::thread([&] {
            Connection connection(database_.url(), testing::in_test_schema("drawing"));
            while (!stopping) {
                connection.exec(
                    "select count(nextval('event_id_seq')) from generate_series(1, 5000)");
            }
        });
    }
    const std::int64_t ahead = ask(
        "select count(*) filter (where seen.value >= drawn.id)"
        "  from generate_series(1, 300000) as n (i)"
        " cross join lateral (select event_id_value() + n.i - n.i as value offset 0) as seen"
        " cross join lateral ("
        "    select nextval('event_id_seq') + seen.value - seen.value as id offset 0) as drawn");
    stopping = true;
    for (std::thread& thread : drawing) thread.join();
    EXPECT_EQ(ahead, 0) << "of 300000 looks";
}

// Whoever draws ids in blocks uses them later than that.
TEST_F(LogIdValueTest, DoctorFindsIdsThatAreDrawnInBlocks) {
    const std::string found =
        "select count(*) from doctor() where check_name = 'id_blocks' and state = ";
    EXPECT_EQ(ask(found + "'ok'"), 1);
    connection_.exec("alter sequence event_id_seq cache 20");
    EXPECT_EQ(ask(found + "'problem' and found like '%20 at a time%'"), 1);
    const Result fix = connection_.exec("select fix from doctor() where check_name = 'id_blocks'");
    connection_.exec(std::string(fix.only().text(0)));
    EXPECT_EQ(ask(found + "'ok'"), 1);
}

}  // namespace
}  // namespace baton::sql
