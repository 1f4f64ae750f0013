// A statement that waited for a row which somebody else changed is evaluated anew for it by
// Postgres, and dispatch() with it. docs/guarantees.md says which forms that meets, and which it
// does not.

#include <gtest/gtest.h>

#include <future>

#include "sql/dispatch_fixture.hpp"
#include "support/eventually.hpp"

namespace baton {
namespace {

class DispatchRecheckTest : public testing::DispatchFixture {
protected:
    // How many events `statement` leaves that waits for a row of `item` while it is changed.
    std::int64_t events_of(const std::string& statement) {
        connection_.exec(
            "drop table if exists item;"
            "create table item (id integer primary key, changes integer, event_id bigint);"
            "insert into item values (1, 0, null)");
        const std::int64_t before = event_count();
        sql::Connection other(database_.url(), testing::in_test_schema());
        sql::Transaction change(other);
        change.exec("update item set changes = changes + 1");
        const auto waiting = std::async(std::launch::async, [&] {
            sql::Connection(database_.url(), testing::in_test_schema("waiting")).exec(statement);
        });
        EXPECT_TRUE(testing::eventually(std::chrono::seconds(10), [&] {
            return number(
                       "select count(*) from pg_stat_activity where application_name = 'waiting'"
                       " and wait_event = 'transactionid'") == 1;
        })) << statement;
        change.commit();
        waiting.wait();
        EXPECT_EQ(number("select changes from item"), 1);
        return event_count() - before;
    }
};

TEST_F(DispatchRecheckTest, WhatIsEvaluatedBeforeTheRowIsLockedDispatchesTwice) {
    EXPECT_EQ(events_of("update item set event_id = dispatch('item/changed') where id = 1"), 2);
    EXPECT_EQ(events_of("select dispatch('item/changed') from item where id = 1 for update"), 2);
    EXPECT_EQ(events_of("merge into item using (values (1)) as v (id) on v.id = item.id "
                        "when matched then update set event_id = dispatch('item/changed')"),
              2);
}

TEST_F(DispatchRecheckTest, WhatIsEvaluatedAfterItDispatchesOnce) {
    EXPECT_EQ(events_of("update item set event_id = 0 where id = 1 "
                        "returning dispatch('item/changed')"),
              1);
    EXPECT_EQ(events_of("with locked as (select * from item where id = 1 for update) "
                        "select dispatch('item/changed') from locked"),
              1);
    EXPECT_EQ(events_of("insert into item values (1, 0, null) on conflict (id) do update "
                        "set event_id = dispatch('item/changed')"),
              1);
}

}  // namespace
}  // namespace baton
