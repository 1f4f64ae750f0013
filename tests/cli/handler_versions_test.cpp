// baton promote, rollback and versions of a handler: the nodes are sessions of this test, as those
// of programs in other languages are.
#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class HandlerVersionsCliTest : public TaskFixture {
protected:
    HandlerVersionsCliTest() { tool_.set("XDG_CONFIG_HOME", (tool_.folder() / "config").string()); }

    TestNode carrier(const std::string& name, int version, const std::string& accepts_from = "") {
        const std::string number = std::to_string(version);
        return node({.name = name,
                     .handlers = R"([{"name": "send", "version": )" + number +
                                 R"(, "build": "build-)" + number + R"(-of-some-length",)" +
                                 R"( "accepts_from": [)" + accepts_from + "]}]"});
    }

    Tool tool_{database_};
};

TEST_F(HandlerVersionsCliTest, AHandlerIsPromotedAndRolledBackAtOnce) {
    const TestNode one = carrier("web-1", 1);
    EXPECT_EQ(tool_.run({"promote", "send", "2"}).err,
              "baton: handler send has no version 2 here; there is 1 (live) [BT034]\n");
    const TestNode two = carrier("web-2", 2);
    const Ran few = tool_.run({"promote", "send", "2", "--nodes", "2"});
    EXPECT_EQ(few.code, 1);
    EXPECT_EQ(few.err,
              "baton: send@2 is carried by 1 live nodes, of the 2 that are asked for; there are "
              "web-2 (send@2), web-1 (send@1); start a program that carries it, or say with "
              "--nodes how many are enough [BT035]\n");
    const Ran promoted = tool_.run({"promote", "send", "2"});
    EXPECT_EQ(promoted.out, "send is live at version 2 from position 0\n") << promoted.err;
    EXPECT_EQ(tool_.run({"promote", "send", "2"}).err,
              "baton: handler send is live at version 2 already [BT035]\n");
    const Ran back = tool_.run({"rollback", "send"});
    EXPECT_EQ(back.out, "send is live at version 1 from position 0\n") << back.err;
    EXPECT_EQ(tool_.run({"promote", "--cancel", "2"}).err,
              "baton: promotion 2 is done already; `baton rollback` leads back [BT035]\n");
}

TEST_F(HandlerVersionsCliTest, ADryRunSaysWhatWouldBecomeOfWhatWaitsAndChangesNothing) {
    TestNode one = carrier("web-1", 1);
    const TestNode two = carrier("web-2", 2, "1");
    for (int i = 0; i < 3; ++i) enqueue();
    const Ran plan = tool_.run({"promote", "send", "2", "--dry-run"});
    EXPECT_EQ(plan.code, 0);
    EXPECT_EQ(plan.out,
              "send would be live at version 2 from position 0, carried by web-2; nothing has "
              "changed\n"
              "  3 waiting tasks made for version 1 would be done by version 2\n")
        << plan.err;
    EXPECT_EQ(number("select live_version from handler"), 1);
    EXPECT_EQ(one.claim(10).size(), 3U);
    EXPECT_EQ(number("select count(*) from promotion"), 0);

    EXPECT_EQ(tool_.run({"promote", "send", "2"}).code, 0);
    enqueue();
    one.deregister();
    const Ran back = tool_.run({"rollback", "send", "--dry-run", "--nodes", "0"});
    EXPECT_EQ(back.out,
              "send would be live at version 1 from position 0; nothing has changed\n"
              "  3 waiting tasks made for version 1 would be done by version 1\n"
              "  1 waiting task made for version 2 would wait for version 2, which is carried by "
              "web-2\n");
    EXPECT_EQ(tool_.run({"rollback", "send", "--dry-run"}).code, 1) << "nobody carries version 1";
    EXPECT_EQ(tool_.run({"promote", "send", "2", "--dry-run", "--when-ready"}).code, 2);
    EXPECT_EQ(tool_.run({"promote", "--cancel", "1", "--dry-run"}).code, 2);
}

TEST_F(HandlerVersionsCliTest, VersionsShowsHandlersAndWhoCarriesThem) {
    const TestNode one = carrier("web-1", 1);
    const TestNode others[]{carrier("web-2", 2), carrier("web-3", 2), carrier("web-4", 2),
                            carrier("web-5", 2)};
    EXPECT_EQ(tool_.run({"promote", "send", "2"}).code, 0);
    const std::string table = tool_.run({"versions"}).out;
    EXPECT_EQ(table.find("handler  version  state  since "), 0U) << table;
    EXPECT_NE(table.find("\nsend           1  warm   "), std::string::npos) << table;
    EXPECT_NE(table.find("build-2-of-…  web-2, web-3, web-4 and 1 more\n"), std::string::npos)
        << table;
    const std::string json = tool_.run({"versions", "--json"}).out;
    EXPECT_NE(json.find(R"("build": "build-1-of-some-length")"), std::string::npos) << json;
    EXPECT_EQ(tool_.run({"versions", "--follow"}).code, 0);
}

}  // namespace
}  // namespace baton::testing
