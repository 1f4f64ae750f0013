// enqueue_many(): what can be said of one task can be said of many.

#include <gtest/gtest.h>

#include "baton/sql/enqueue.hpp"
#include "baton/types/fields.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

struct Order {
    static constexpr int schema_version = 1;
    std::int64_t number = 0;
    BATON_FIELDS(number)
};

class TaskManyTest : public testing::TaskFixture {
protected:
    void SetUp() override { one_.emplace(url_, testing::NodeOffer{}); }

    // The ids of three tasks.
    std::string three(const std::string& more) {
        return text("select enqueue_many('send', array['1', '2', '3']::jsonb[]" + more + ")::text");
    }
    std::string refused(const std::string& query) {
        return outcome_of([&] { connection_.exec(query); }).text;
    }

    std::optional<TestNode> one_;
};

TEST_F(TaskManyTest, EachHasWhatIsSaidOfAll) {
    EXPECT_EQ(three(", tenant => 't', meta => '{\"a\": 1}', priority => 7, schema_version => 2, "
                    "labels => array['gpu'], run_at => '2100-01-01', expires_at => '2100-01-02', "
                    "lane => 'l'"),
              "{1,2,3}");
    EXPECT_EQ(text("select string_agg(distinct concat(t.tenant, t.meta, t.priority, "
                   "t.schema_version, t.lane), ';') from task t"),
              "t{\"a\": 1}72l");
    EXPECT_EQ(text("select string_agg(t.payload::text, ',' order by t.id) from task t"), "1,2,3");
    EXPECT_EQ(number("select count(*) from task_due where due_at = '2100-01-01'"), 3);
    EXPECT_EQ(number("select count(*) from task_expiry where expires_at = '2100-01-02'"), 3);
    EXPECT_EQ(number("select count(*) from task t join requirement r on r.id = t.requirement "
                     "where r.labels = array['gpu']"),
              3);
}

TEST_F(TaskManyTest, WhatNeedsNoPlaceOfItsOwnIsOneStatement) {
    EXPECT_EQ(three(", tenant => 't', meta => '{}'"), "{1,2,3}");
    EXPECT_EQ(number("select count(*) from task where tenant = 't' and meta = '{}'"), 3);
    EXPECT_EQ(one_->claim(5).size(), 3U);
    EXPECT_EQ(text("select enqueue_many('send', '{}')::text"), "{}");
    EXPECT_EQ(text("select enqueue_many('send', '{}', priority => 3)::text"), "{}");
}

TEST_F(TaskManyTest, AllWaitForOneParentAndDoAsTheyWereTold) {
    enqueue();
    EXPECT_EQ(three(", after => 1, when_failed => 'run'"), "{2,3,4}");
    EXPECT_EQ(three(", after => 1"), "{5,6,7}");
    EXPECT_EQ(state_of(2), "following");
    const std::vector<ClaimedTask> tasks = one_->claim(10);
    ASSERT_EQ(tasks.size(), 1U);
    connection_.exec(call_of("fail($1, $2, 'no use', dead => true)", *one_, tasks[0]));
    maintain();
    EXPECT_EQ(one_->claim(10).size(), 3U);
    EXPECT_EQ(state_of(5), "cancelled");
}

TEST_F(TaskManyTest, EachHasItsOwnUniqueKey) {
    EXPECT_EQ(three(", unique_keys => array['a', null, 'b']"), "{1,2,3}");
    EXPECT_EQ(three(", unique_keys => array['b', 'c', 'a']"), "{3,4,1}") << "skipped";
    EXPECT_EQ(three(", unique_keys => array['d', 'd', 'd'], on_conflict => 'replace'"), "{5,6,7}");
    EXPECT_EQ(state_of(5), "replaced");
    EXPECT_EQ(state_of(7), "waiting");
}

TEST_F(TaskManyTest, WrongArgumentsAreOneLineAndMakeNothing) {
    EXPECT_EQ(refused("select enqueue_many('send', array['1']::jsonb[], unique_keys => "
                      "array['a', 'b'])"),
              "2 unique keys for 1 payloads: give one for each, or null");
    EXPECT_EQ(refused("select enqueue_many('send', array['1', '2']::jsonb[], unique_keys => "
                      "array[array['a', 'b']])"),
              "the unique keys of enqueue_many() are an array of arrays: give one for each task");
    EXPECT_EQ(refused("select enqueue_many('send', array[array['1', '2']]::jsonb[])"),
              "the payloads of enqueue_many() are an array of arrays: give one for each task");
    EXPECT_NE(refused("select enqueue_many('send', array['1']::jsonb[], priority => 1001)")
                  .find("a priority of 1001 is not between"),
              std::string::npos);
    EXPECT_NE(refused("select enqueue_many('send', array['1']::jsonb[], priority => null)")
                  .find("a priority of null"),
              std::string::npos);
    EXPECT_NE(
        refused("select enqueue_many('nobody', array['1']::jsonb[], priority => 1)").find("nobody"),
        std::string::npos);
    EXPECT_NE(refused("select enqueue_many('send', array['1']::jsonb[], after => 99)").find("99"),
              std::string::npos);
    EXPECT_EQ(number("select count(*) from task"), 0);
}

TEST_F(TaskManyTest, FromCppAsFromSql) {
    sql::Transaction transaction(connection_);
    const std::vector<Order> orders{{1}, {2}, {3}};
    const std::vector<TaskId> ids =
        enqueue_many(transaction.raw(), "send", std::span<const Order>(orders),
                     {.priority = 5, .tenant = "t"}, {"a", "b\"{},", "c"});
    EXPECT_EQ(ids, (std::vector<TaskId>{TaskId(1), TaskId(2), TaskId(3)}));
    const std::vector<std::string> more{R"({"number": 4})"};
    EXPECT_EQ(enqueue_many(transaction.raw(), "send", more).size(), 1U);
    EXPECT_TRUE(enqueue_many(transaction.raw(), "send", std::span<const std::string>()).empty());
    const std::vector<std::string> bad{"{}", "{"};
    EXPECT_EQ(outcome_of([&] { enqueue_many(transaction.raw(), "send", bad); }).code,
              "event_invalid");
    EXPECT_EQ(outcome_of([&] {
                  enqueue_many(transaction.raw(), "send", more, {.unique_key = "k"});
              }).code,
              "task_invalid");
    transaction.commit();
    EXPECT_EQ(text("select string_agg(concat(payload ->> 'number', priority, tenant, unique_key), "
                   "';' order by id) from task"),
              "15ta;25tb\"{},;35tc;40");
}

}  // namespace
}  // namespace baton
