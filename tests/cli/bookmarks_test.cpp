// baton bookmarks, and what status says of them.

#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class BookmarksVerbTest : public TaskFixture {
protected:
    Ran run(const std::vector<std::string>& arguments) { return tool_.run(arguments, {}); }
    void expect_refused(const std::vector<std::string>& arguments, const std::string& line) {
        testing::expect_refused(run(arguments), line);
    }
    Tool tool_{database_};
    TestNode node_ = node({.name = "one", .handlers = "[]"});
};

TEST_F(BookmarksVerbTest, TheyAreListedShownMovedAndRemoved) {
    EXPECT_EQ(run({"bookmarks", "list"}).out, "there is no bookmark\n");
    connection_.exec("select from follow('" + node_.session + "', 'mailer', '{order/placed}')");
    expect_has(run({"bookmarks", "list"}).out, {"mailer    followed         0", "one"});
    expect_has(run({"bookmarks", "list", "--json"}).out, {R"("lag_events": 0)", "[{"});
    expect_has(run({"bookmarks", "show", "mailer"}).out,
               {"bookmark     mailer", "state        followed", "cut after    7 days",
                "held by      one"});
    EXPECT_EQ(run({"bookmarks", "show", "mailer", "--json"}).out.substr(0, 2), "{\"");
    expect_has(run({"status"}).out, {"bookmarks", "mailer", "followed"});
    EXPECT_EQ(run({"bookmarks", "move", "mailer", "--to", "0"}).out,
              "bookmark mailer goes on behind position 0; it was at 0\n");
    EXPECT_EQ(run({"bookmarks", "move", "mailer", "--to", "end"}).out,
              "bookmark mailer goes on behind all that the log has now; it was at 0\n");
    expect_has(run({"bookmarks", "list"}).out, {"mailer    idle"});
    connection_.exec("update bookmark set cut_at = now(), cut_reason = 'it was old'");
    expect_has(run({"bookmarks", "show", "mailer"}).out, {"was cut at", "bookmarks move"});
    EXPECT_EQ(run({"bookmarks", "remove", "mailer"}).out, "bookmark mailer is removed\n");
}

TEST_F(BookmarksVerbTest, WhatCannotBeIsRefusedInALine) {
    expect_refused({"bookmarks", "show", "none"},
                   "there is no bookmark \"none\"; see `baton bookmarks list` [BT062]");
    expect_refused({"bookmarks", "remove", "none"},
                   "there is no bookmark 'none'; bookmarks() lists them [BT062]");
    connection_.exec("select from follow('" + node_.session + "', 'b')");
    expect_refused({"bookmarks", "move", "b", "--to", "5"},
                   "bookmark 'b' cannot be moved to position 5: it is 0 to 0, the end of the log "
                   "[BT042]");
    for (const std::string to : {"-1", "x", "", "99999999999999999999"}) {
        EXPECT_EQ(run({"bookmarks", "move", "b", "--to", to}).code, 2) << to;
    }
}

}  // namespace
}  // namespace baton::testing
