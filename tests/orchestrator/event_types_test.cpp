// What a program makes known of the types of events: those that its reducers read, in C++ and SQL,
// and those that it declares; and what its log says of others.
#include <gtest/gtest.h>

#include "orchestrator/sql_file.hpp"
#include "orchestrator/versions_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

class EventTypesTest : public VersionsFixture {
protected:
    [[nodiscard]] static std::size_t count_in(const std::string& text, const std::string& what) {
        std::size_t count = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
            ++count;
        }
        return count;
    }
};

TEST_F(EventTypesTest, WhatAProgramReadsAndDeclaresIsKnownOnceItLeads) {
    world.ask("select set_unknown_events('refuse')");
    EXPECT_EQ(refusal("dispatch('mark/made')").substr(0, 5), "BT040");
    const std::string file =
        counting_reducer("counted", "perform 1 from batch_event e where e.type = 'mark/counted';");
    const auto process = start("first", {"--marks", "1", "--sql", file});
    ASSERT_TRUE(world.leads("first")) << process->error_output();
    ASSERT_TRUE(world.comes_true("exists (select from view_state where view = 'counted')"))
        << process->error_output();
    for (const char* const type : {"mark/made", "account/moved", "audit/only", "mark/counted"}) {
        EXPECT_NE(world.ask("select dispatch('" + std::string(type) +
                            "', '{\"account\": \"a\", \"amount\": 1, \"fault\": \"\"}')"),
                  "")
            << type;
    }
    EXPECT_EQ(
        refusal("dispatch('mark/maed')"),
        "BT040 event type \"mark/maed\" is not known here; did you mean \"mark/made\"? If not, "
        "register a reducer that reads it, or declare it: select "
        "declare_event_types(array['mark/maed'])");
    EXPECT_TRUE(world.settles()) << process->error_output();
}

TEST_F(EventTypesTest, TheLogNamesATypeThatNobodyReadsOnce) {
    world.ask("select dispatch('mark/maed') from generate_series(1, 20)");
    world.ask("select dispatch('audit/only')");
    world.ask("select set_unknown_events('warn')");
    const auto process = start("first", {"--marks", "1"});
    ASSERT_TRUE(world.leads("first")) << process->error_output();
    const auto is_named = [&](const std::string& type) {
        return eventually(seconds(30), [&] {
            return count_in(process->error_output(), "no view reads events of type \"" + type) > 0;
        });
    };
    EXPECT_TRUE(is_named("mark/maed")) << process->error_output();
    world.ask("select dispatch('mark/maed'), dispatch('mark/mdae')");
    EXPECT_TRUE(is_named("mark/mdae")) << process->error_output();
    const std::string log = process->error_output();
    EXPECT_EQ(count_in(log, "no view reads events of type \"mark/maed\""), 1U) << log;
    EXPECT_EQ(count_in(log, "no view reads events of type"), 2U) << log;
}

}  // namespace
}  // namespace baton::testing
