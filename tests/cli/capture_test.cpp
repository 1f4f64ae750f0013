// baton capture …, and the example of a captured table that a SQL reducer follows.

#include <gtest/gtest.h>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class CaptureVerbTest : public ::testing::Test {
protected:
    void SetUp() override {
        connection_.exec(
            "create table public.account (name text primary key, city text, password text)");
    }
    Ran run(const std::vector<std::string>& arguments) { return tool_.run(arguments, {}); }
    void expect_refused(const std::vector<std::string>& arguments, const std::string& line,
                        int code = 1) {
        testing::expect_refused(run(arguments), line, code);
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    Tool tool_{database_};
};

TEST_F(CaptureVerbTest, AddsListsShowsRefreshesAndRemoves) {
    EXPECT_EQ(run({"capture", "list"}).out,
              "no table is captured; see \"baton capture add --help\"\n");
    expect_refused({"capture", "add", "account", "--type", "account/changed"},
                   "--columns is required; see `baton capture add --help` [BT027]", 2);
    expect_refused({"capture", "add", "acount", "--type", "a/b", "--columns", "city"},
                   "there is no table acount; name it as in SQL: orders, shop.orders, "
                   "shop.\"Order Lines\"; without a schema it is that in public [BT059]");
    const Ran added = run({"capture", "add", "account", "--type", "account/changed", "--columns",
                           "city, name", "--when", "new.city <> 'Graz'", "--old", "--key", "name",
                           "--key-prefix", "account/", "--oversize", "drop-field"});
    EXPECT_EQ(added.out, "from now on each change of account is an event of type account/changed\n")
        << added.err;
    connection_.exec(
        "insert into public.account values ('alice', 'Wien', 's'), ('bob', 'Graz', 's')");
    EXPECT_EQ(connection_.exec("select concat(key, payload) from event").only().text(0),
              "account/alice{\"op\": \"insert\", \"key\": {\"name\": \"alice\"}, \"after\": "
              "{\"city\": \"Wien\", \"name\": \"alice\"}}");
    expect_has(run({"capture", "list"}).out,
               {"public.account", "account/changed", "city, name", "new.city <> 'Graz'", "yes"});
    expect_has(run({"capture", "list", "--json"}).out,
               {R"("oversize": "drop-field")", R"("faults": [])"});
    expect_has(run({"capture", "show", "public.account"}).out,
               {"FUNCTION baton_test.capture_1()", "CREATE TRIGGER baton_test_capture_1_update"});
    connection_.exec("alter table public.account rename city to town");
    expect_has(run({"capture", "list"}).out, {"called town now; its field is city"});
    EXPECT_EQ(run({"capture", "refresh"}).out, "1 capture is as its table is\n");
    expect_has(run({"doctor"}).out, {"1 captures of tables, each as its table is"});
    expect_refused({"capture", "remove", "account", "--type", "x"},
                   "no changes of account are made events of type x; see baton capture list "
                   "[BT059]");
    EXPECT_EQ(run({"capture", "remove", "account"}).out,
              "1 capture of account is taken away; the events that there are stay\n");
    EXPECT_EQ(run({"capture", "list"}).out.substr(0, 20), "no table is captured");
}

TEST_F(CaptureVerbTest, ExampleFollowsATableThatKnowsNothingOfIt) {
    ASSERT_EQ(run({"capture", "add", "account", "--type", "account/changed", "--columns", "city",
                   "--old"})
                  .code,
              0);
    const ChildProcess leader(
        tool_.options({"orchestrate", "--reducer",
                       std::string(BATON_SOURCE_DIR) + "/examples/capture/accounts_by_city.sql"}));
    connection_.exec("insert into public.account values ('zoe', 'Linz', 's')");
    connection_.exec("truncate public.account");
    connection_.exec(
        "insert into public.account values ('alice', 'Wien', 's'), ('bob', 'Graz', 's')");
    connection_.exec("update public.account set city = 'Wien'");
    connection_.exec("delete from public.account where name = 'alice'");
    EXPECT_TRUE(eventually(std::chrono::seconds(30), [&] {
        const std::string view = run({"view", "accounts_by_city"}).out;
        return view.find("Wien") != std::string::npos && view.find("Linz") == std::string::npos &&
               connection_
                       .exec(
                           "select string_agg(concat(city, accounts), ' ' order by city) "
                           "from accounts_by_city")
                       .only()
                       .text_or_null(0)
                       .value_or("") == "Graz0 Wien1";
    })) << leader.error_output();
}

}  // namespace
}  // namespace baton::testing
