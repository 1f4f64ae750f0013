// What is shown of much: baton log --type, --key, --tenant, --since; baton view --where, --limit.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class ChoiceTest : public ::testing::Test {
protected:
    ChoiceTest() {
        tool_.set("XDG_CONFIG_HOME", (tool_.folder() / "config").string());
        leader_ = std::make_unique<ChildProcess>(tool_.options(
            {"orchestrate", "--reducer", tool_.write("sales.sql", category_sales())}));
    }
    void dispatch(const std::string& type, const std::string& payload,
                  const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"dispatch", type, payload, "--wait"};
        words.insert(words.end(), more.begin(), more.end());
        const Ran ran = tool_.run(words);
        EXPECT_EQ(ran.code, 0) << ran.err << leader_->error_output();
    }
    // The positions that `log` shows with these flags.
    std::string positions(std::vector<std::string> flags) {
        flags.insert(flags.begin(), {"log"});
        const Ran ran = tool_.run(flags);
        EXPECT_EQ(ran.code, 0) << ran.err;
        std::istringstream lines(ran.out);
        std::string all;
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            std::string position;
            std::istringstream(line) >> position;
            all += (all.empty() ? "" : " ") + position;
        }
        return all;
    }

    const TestDatabase database_{environment_template()};
    Tool tool_{database_};
    std::unique_ptr<ChildProcess> leader_;
};

TEST_F(ChoiceTest, LogShowsWhatIsWantedInColumnsThatLineUp) {
    dispatch("a/short", "{}", {"--key", "k/1"});
    dispatch("a/much-longer-type", "{}", {"--tenant", "north"});
    dispatch("a/short", "{}", {"--key", "a-longer-key", "--tenant", "north"});
    const std::string log = tool_.run({"log"}).out;
    std::vector<std::size_t> payloads;
    std::istringstream lines(log);
    std::string line;
    std::getline(lines, line);
    payloads.push_back(line.find("payload"));
    while (std::getline(lines, line)) payloads.push_back(line.find("{}"));
    ASSERT_EQ(payloads.size(), 4U) << log;
    EXPECT_EQ(std::ranges::count(payloads, payloads.front()), 4) << log;

    EXPECT_EQ(positions({"--type", "a/short"}), "1 3");
    EXPECT_EQ(positions({"--type", "a/short", "--limit", "1"}), "1");
    EXPECT_EQ(positions({"--type", "a/short", "--after", "1"}), "3");
    EXPECT_EQ(positions({"--key", "k/1"}), "1");
    EXPECT_EQ(positions({"--tenant", "north"}), "2 3");
    EXPECT_EQ(positions({"--tenant", "north", "--type", "a/short"}), "3");
    EXPECT_EQ(positions({"--type", "a/sho"}), "");
    EXPECT_EQ(positions({"--since", "1 h"}), "1 2 3");
    EXPECT_EQ(positions({"--since", "1 h ago"}), "1 2 3");
    EXPECT_EQ(positions({"--since", "2020-01-01"}), "1 2 3");
    EXPECT_EQ(positions({"--since", "tomorrow"}), "");
    const Ran wrong = tool_.run({"log", "--since", "some day"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_EQ(wrong.err.find("baton: --since must be a time"), 0U) << wrong.err;
}

// Pages of 10000 events that have none, and pages that have more than is printed at once.
TEST_F(ChoiceTest, WhatIsWantedIsFoundInEveryPageOfTheLog) {
    sql::Connection connection(database_.url(), in_test_schema());
    connection.exec(
        "insert into event (type, key) select case when n % 3 = 0 then 'a/third' else 'a/other' "
        "end,"
        " case n when 25000 then 'needle' end from generate_series(1, 26000) as n; select ring()");
    ASSERT_EQ(tool_.run({"wait", "26000", "--timeout", "60"}).code, 0);
    dispatch("a/last", "{}");
    const std::string all = tool_.run({"log", "--type", "a/third", "--limit", "0", "--json"}).out;
    EXPECT_EQ(std::ranges::count(all, '\n'), 8666);
    EXPECT_EQ(positions({"--key", "needle"}), "25000");
    EXPECT_EQ(positions({"--type", "a/last", "--limit", "1"}), "26001");
    const std::string since(
        connection.exec("select dispatched_at from event order by id desc limit 1").only().text(0));
    EXPECT_EQ(positions({"--since", since}), "26001");
    EXPECT_GE(connection.exec("select position_before('" + since + "')").only().integer(0), 1);
}

TEST_F(ChoiceTest, ViewShowsRowsThatMeetAConditionAndWritesNothing) {
    dispatch("order/placed", order("Chairs"));
    dispatch("order/placed", order("Phones", "20"));
    dispatch("order/placed", order("Tables", "30"));
    const auto csv = [&](const std::vector<std::string>& flags) {
        std::vector<std::string> words{"view", "category_sales", "--csv"};
        words.insert(words.end(), flags.begin(), flags.end());
        return tool_.run(words);
    };
    const std::string heading = "category,lines,amount\n";
    EXPECT_EQ(csv({"--limit", "1"}).out, heading + "Chairs,1,1.50\n");
    EXPECT_EQ(csv({"--where", "amount > 10"}).out, heading + "Phones,1,20\nTables,1,30\n");
    EXPECT_EQ(csv({"--where", "amount > 10 -- of these", "--limit", "1"}).out,
              heading + "Phones,1,20\n");
    EXPECT_EQ(csv({"--where", "lines = 1 and category like 'P%'", "--at", "2"}).out,
              heading + "Phones,1,20\n");
    EXPECT_EQ(csv({"--at", "3", "--limit", "2"}).out, heading + "Chairs,1,1.50\nPhones,1,20\n");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--json", "--where", "amount = 20"}).out,
              "[{\"category\":\"Phones\",\"lines\":1,\"amount\":20}]\n");

    const Ran unknown = csv({"--where", "amont > 10"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_EQ(unknown.err.find("baton: --where: "), 0U) << unknown.err;
    sql::Connection connection(database_.url(), in_test_schema());
    connection.exec(
        "create function nosy() returns boolean language sql as"
        " 'delete from baton_test.category_sales__v1 returning true';"
        "create function bold() returns boolean language plpgsql as $$ begin"
        " perform set_config('transaction_read_only', 'off', true);"
        " delete from baton_test.category_sales__v1; return true; end $$");
    for (const char* const condition :
         {"true); delete from category_sales__v1; --",
          "true); commit; drop view category_sales; --",
          "true) union select key, 1, 2 from event where (true", "nosy()", "bold()", "'"}) {
        const Ran ran = csv({"--where", condition});
        EXPECT_NE(ran.code, 0) << condition << ran.out;
        EXPECT_EQ(connection.exec("select count(*) from category_sales").only().integer(0), 3)
            << condition;
    }
    connection.exec(
        "create role test_reader login; grant usage on schema baton_test to test_reader;"
        "grant baton_test_observe to test_reader; grant select on category_sales to test_reader");
    const std::string url = database_.url();
    tool_.set("DATABASE_URL",
              url + (url.find('?') == std::string::npos ? "?" : "&") + "user=test_reader");
    const Ran mine = csv({"--where", "amount = 20"});
    EXPECT_EQ(mine.out, heading + "Phones,1,20\n") << mine.err;
    const Ran other = csv({"--where", "exists (select from baton_test.event)"});
    EXPECT_EQ(other.code, 1);
    EXPECT_NE(other.err.find("permission denied"), std::string::npos) << other.err;
    connection.exec("drop owned by test_reader; drop role test_reader");
}

}  // namespace
}  // namespace baton::testing
