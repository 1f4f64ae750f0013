// The tables of an environment file that declare something: [view_sets] and [[handler]].
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "environments/environment_fixture.hpp"

namespace baton::environments {
namespace {

using namespace std::chrono_literals;

class TablesTest : public EnvironmentTest {};

TEST_F(TablesTest, ViewSetsAreReadWithTheirOrigin) {
    const std::string file =
        write("shop.toml", whole + std::string("[view_sets.sales]\nversion = 3\n"
                                               "views = [\"monthly_sales\", \"by_day\"]\n"
                                               "handlers = {send = 2, \"a b\" = 1}\n"))
            .string();
    const Environment shop = load({{"--env", "shop"}});
    ASSERT_EQ(shop.view_sets.size(), 1U);
    const auto& set = shop.view_sets.at("sales");
    EXPECT_EQ(set.value.version, 3);
    EXPECT_EQ(set.value.views, (std::vector<std::string>{"monthly_sales", "by_day"}));
    EXPECT_EQ(set.value.handlers, (std::map<std::string, int>{{"send", 2}, {"a b", 1}}));
    EXPECT_EQ(set.origin, file + ":17");
    bool is_described = false;
    for (const SettingLine& line : described(shop)) {
        if (line.key != "view_sets.sales") continue;
        is_described = true;
        EXPECT_EQ(line.value, "version 3 of monthly_sales, by_day, a b@1, send@2");
        EXPECT_EQ(line.origin, file + ":17");
    }
    EXPECT_TRUE(is_described);
}

TEST_F(TablesTest, ViewSetsThatAreWrongAreRefused) {
    EXPECT_EQ(refusal_of_rest("view_sets = 1\n"),
              "@/x.toml:4: view_sets must be a table, not an integer");
    EXPECT_EQ(refusal_of_rest("[view_sets]\nsales = [\"a\"]\n"),
              "@/x.toml:5: view_sets.sales must be a table with version and views, not a list");
    EXPECT_EQ(refusal_of_rest("[view_sets.Sales]\nversion = 1\nviews = [\"a\"]\n"),
              "@/x.toml:4: the name of the view set \"Sales\" must match ^[a-z][a-z0-9_]{0,47}$");
    EXPECT_EQ(refusal_of_rest("[view_sets.sales]\nversions = 1\nviews = [\"a\"]\n"),
              "@/x.toml:4: view_sets.sales.version is missing\n"
              "@/x.toml:5: unknown key \"view_sets.sales.versions\"; did you mean \"version\"?");
    EXPECT_EQ(refusal_of_rest("[view_sets.sales]\nversion = 0\nviews = [\"a\"]\n"),
              "@/x.toml:5: view_sets.sales.version must be an integer from 1 to 9999, not 0");
    EXPECT_EQ(refusal_of_rest("[view_sets.sales]\nversion = \"1\"\nviews = \"a\"\n"),
              "@/x.toml:5: view_sets.sales.version must be an integer from 1 to 9999, not a "
              "string\n"
              "@/x.toml:6: view_sets.sales.views must be a list of the names of views, not a "
              "string");
    EXPECT_EQ(refusal_of_rest("[view_sets.sales]\nversion = 1\nviews = []\n"),
              "@/x.toml:6: view_sets.sales.views must name one view at least");
    EXPECT_EQ(refusal_of_rest("[view_sets.sales]\nversion = 1\nviews = [\"a\", \"a\", 2, "
                              "\"a@1\"]\n"),
              "@/x.toml:6: view_sets.sales.views names a twice\n"
              "@/x.toml:6: view_sets.sales.views must be a list of the names of views, not an "
              "integer\n"
              "@/x.toml:6: view_sets.sales.views: \"a@1\" is no name of a view");
    EXPECT_EQ(
        refusal_of_rest("[view_sets.sales]\nversion = 1\nviews = [\"a\"]\nhandlers = [\"b\"]\n"),
        "@/x.toml:7: view_sets.sales.handlers must be a table of names and versions, as { "
        "send_invoice = 2 }, not a list");
    EXPECT_EQ(refusal_of_rest("[view_sets.sales]\nversion = 1\nviews = [\"a\"]\n"
                              "handlers = {b = 0, \"\" = 1}\n"),
              "@/x.toml:7: view_sets.sales.handlers: a handler's name has 1 to 128 bytes\n"
              "@/x.toml:7: view_sets.sales.handlers.b must be an integer from 1 to 9999, not 0");
}

TEST_F(TablesTest, HandlersThatAreCommandsAreRead) {
    const std::string file =
        write("shop.toml", whole + std::string("[[handler]]\n"
                                               "name = \"resize\"\n"
                                               "version = 3\n"
                                               "command = [\"python3\", \"resize.py\"]\n"
                                               "folder = \"../images\"\n"
                                               "files = [\"resize.py\", \"x.json\"]\n"
                                               "events = [\"image/uploaded\"]\n"
                                               "accepts_from = [1, 2]\nlane = \"key\"\n"
                                               "variables = [\"DATABASE_URL\"]\n"
                                               "timeout_ms = 60000\n"
                                               "threads = 2\n"
                                               "[[handler]]\n"
                                               "name = \"resize\"\n"
                                               "version = 4\n"
                                               "command = [\"./resize\"]\n"))
            .string();
    const Environment shop = load({{"--env", "shop"}});
    ASSERT_EQ(shop.handlers.size(), 2U);
    const HandlerSetting& all = shop.handlers[0].value;
    EXPECT_EQ(all.name, "resize");
    EXPECT_EQ(all.version, 3);
    EXPECT_EQ(all.command, (std::vector<std::string>{"python3", "resize.py"}));
    EXPECT_EQ(all.folder, folder_.parent_path() / "images");
    EXPECT_EQ(all.files, (std::vector<std::string>{"resize.py", "x.json"}));
    EXPECT_EQ(all.events, std::vector<std::string>{"image/uploaded"});
    EXPECT_EQ(all.accepts_from, (std::vector<int>{1, 2}));
    EXPECT_EQ(all.variables, std::vector<std::string>{"DATABASE_URL"});
    EXPECT_EQ(all.time_limit, 60s);
    EXPECT_EQ(all.threads, 2);
    EXPECT_EQ(all.lane, HandlerLane::key);
    const HandlerSetting& least = shop.handlers[1].value;
    EXPECT_EQ(least.folder.string(), folder_.string() + "/");
    EXPECT_TRUE(least.files.empty());
    EXPECT_EQ(least.time_limit, 0s);
    EXPECT_EQ(least.threads, 4);
    EXPECT_EQ(least.lane, HandlerLane::none);
    std::string shown;
    for (const SettingLine& line : described(shop)) {
        if (line.key == "handler.resize") shown += line.value + " from " + line.origin + "\n";
    }
    EXPECT_EQ(shown, "version 3: python3 resize.py from " + file +
                         ":17\nversion 4: ./resize from " + file + ":29\n");
}

TEST_F(TablesTest, HandlersThatAreWrongAreRefused) {
    EXPECT_EQ(refusal_of_rest("handler = 1\n"),
              "@/x.toml:4: handler must be tables: [[handler]], not an integer");
    EXPECT_EQ(refusal_of_rest("[handler]\nname = \"a\"\n"),
              "@/x.toml:4: handler must be tables: [[handler]], not a table");
    EXPECT_EQ(refusal_of_rest("[[handler]]\nname = \"a\"\n"),
              "@/x.toml:4: handler.version is missing\n@/x.toml:4: handler.command is missing");
    EXPECT_EQ(refusal_of_rest("[[handler]]\nname = \"\"\nversion = 0\ncommand = []\n"
                              "threads = \"2\"\nfile = [\"a\"]\naccepts_from = [1, 0, \"2\"]\n"),
              "@/x.toml:5: handler.name must be a string that is not empty, not \"\"\n"
              "@/x.toml:6: handler.version must be an integer from 1 to 9999, not 0\n"
              "@/x.toml:7: handler.command must have one of its words at least\n"
              "@/x.toml:8: handler.threads must be an integer from 1 to 256, not a string\n"
              "@/x.toml:9: unknown key \"handler.file\"; did you mean \"files\"?\n"
              "@/x.toml:10: handler.accepts_from must be a list of versions from 1 to 9999, not an "
              "integer\n"
              "@/x.toml:10: handler.accepts_from must be a list of versions from 1 to 9999, not a "
              "string");
    EXPECT_EQ(refusal_of_rest("[[handler]]\nname = \"a\"\nversion = 1\ncommand = \"ls -l\"\n"),
              "@/x.toml:7: handler.command must be a list of words, not a string");
}

}  // namespace
}  // namespace baton::environments
