// What stands in the way of a promotion of a handler, what a node says of its versions, and what is
// told of them.

#include <gtest/gtest.h>

#include "sql/handler_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::TestNode;

class HandlerPromotionTest : public testing::HandlerFixture {};

TEST_F(HandlerPromotionTest, WhatCannotBePromotedIsRefusedWithWhatThereIs) {
    const TestNode one = carrier({{1}}, "one");
    const TestNode mute = node({.name = "mute", .handlers = "[]"});
    EXPECT_EQ(refusal("promote('send', 2)"),
              "BT034 handler send has no version 2 here; there is 1 (live)");
    EXPECT_EQ(refusal("promote('send', null::integer)"),
              "BT034 handler send has no version null here; there is 1 (live)");
    EXPECT_EQ(refusal("promote('send', 1)"), "BT035 handler send is live at version 1 already");
    EXPECT_EQ(refusal("roll_back('send')"), "BT034 handler send was live in no other version");
    EXPECT_EQ(
        refusal("promote(array['send', 'sales'], array[1, 2])"),
        "BT034 view set sales has no version 2 here; there is no view set of this name: none");

    TestNode two = carrier({{2}}, "two");
    EXPECT_EQ(refusal("promote(array['send', 'send'], array[2, 1])"),
              "BT034 handler send is named twice");
    EXPECT_EQ(refusal("promote('send', 2, nodes => 2)"),
              "BT035 send@2 is carried by 1 live nodes, of the 2 that are asked for; there are two "
              "(send@2), one (send@1), mute (nothing of it); start a program that carries it, or "
              "say with --nodes how many are enough");
    two.deregister();
    EXPECT_EQ(refusal("promote('send', 2)").substr(0, 36), "BT035 send@2 is carried by 0 live no");
    EXPECT_EQ(number("select count(*) from promotion"), 0);
    EXPECT_EQ(text("select live_version from handler"), "1");
    EXPECT_GT(number("select promote('send', 2, nodes => 0)"), 0);
    EXPECT_EQ(refusal("roll_back('send', nodes => 2)").substr(0, 36),
              "BT035 send@1 is carried by 1 live no");
    EXPECT_EQ(outcome_of([&] {
                  sql::Transaction fixed(connection_, sql::Isolation::repeatable_read);
                  fixed.exec("select promote('send', 1)");
              }).sqlstate,
              "BT006");
}

TEST_F(HandlerPromotionTest, SeveralGoTogetherOrNone) {
    const TestNode all = node({.handlers = R"([
        {"name": "a", "version": 1, "build": "x"}, {"name": "b", "version": 1, "build": "x"},
        {"name": "a", "version": 2, "build": "y"}, {"name": "b", "version": 2, "build": "y"}])"});
    EXPECT_EQ(refusal("promote(array['a', 'b'], array[2, 3])").substr(0, 5), "BT034");
    EXPECT_EQ(text("select string_agg(live_version::text, ' ') from handler"), "1 1");
    connection_.exec("select promote(array['b', 'a'], array[2, 2])");
    EXPECT_EQ(text("select string_agg(live_version::text, ' ') from handler"), "2 2");
    connection_.exec("select roll_back(array['a', 'b'])");
    EXPECT_EQ(text("select string_agg(live_version::text, ' ') from handler"), "1 1");
}

// In development the build, and what it says of itself, may change.
TEST_F(HandlerPromotionTest, OtherBuildsCountWithWhatTheySayAndNodesOfTheFormerDoNot) {
    const TestNode one = carrier({{1}}, "one");
    TestNode two = carrier({{2}}, "two");
    enqueue();
    promote(2);
    EXPECT_EQ(gets(two), "");
    connection_.exec("update environment set kind = 'development'");
    TestNode newer = carrier({{2, "1", "c"}}, "newer");
    EXPECT_EQ(gets(newer), "2");
    EXPECT_EQ(refusal("promote('send', 1, nodes => 2)").find("two (send@2 in another build)") ==
                  std::string::npos,
              false);
    TestNode newest = carrier({{2, "", "d"}}, "newest");
    EXPECT_EQ(gets(newer), "");
    EXPECT_EQ(gets(newest), "") << "it does not say any more that it accepts from 1";
    EXPECT_EQ(text("select string_agg(runs_as::text, ' ' order by version) from handler_version"),
              "1 2");
}

TEST_F(HandlerPromotionTest, WhatIsAcceptedIsAnArrayOfVersions) {
    for (const std::string& accepts : std::vector<std::string>{
             "1", "[0]", "[-1]", "[\"1\"]", "[1.5]", "{}", "[null]", "[12345678901]"}) {
        const sql::Outcome outcome = outcome_of([&] {
            const TestNode bad = node({.handlers = R"([{"name": "send", "version": 2,
                "build": "b", "accepts_from": )" + accepts +
                                                   "}]"});
        });
        EXPECT_EQ(outcome.sqlstate + " " + outcome.text,
                  "BT042 accepts_from of handler send is no array of versions, as [1, 2]")
            << accepts;
    }
    const TestNode good = carrier({{3, "2, 1, 2"}});
    EXPECT_EQ(text("select accepts_from from handler_version"), "{1,2}");
}

TEST_F(HandlerPromotionTest, HandlerAndViewSetCannotHaveOneName) {
    const TestNode one = carrier({{1}});
    connection_.exec("insert into set_version values ('sales', 1, 'live')");
    EXPECT_EQ(outcome_of([&] {
                  const TestNode bad =
                      node({.handlers = R"([{"name": "sales", "version": 1, "build": "b"}])"});
              }).text,
              "handler sales cannot be registered: a view set has this name here, and a promotion "
              "could mean either; give one of them another name");
    connection_.exec("delete from set_version");
    follower_.emplace(url_);
    const sql::Outcome set = outcome_of([&] {
        follower_->writing().exec(
            "select register_set('send', 1, array[('a', 1)::versioned], true)");
    });
    EXPECT_EQ(set.sqlstate + " " + set.text,
              "BT013 view set send cannot be registered: a handler has this name here, and a "
              "promotion could mean either; give one of them another name");
}

// Whichever comes first, the set or a node: what the live set names is live.
TEST_F(HandlerPromotionTest, WhatTheLiveSetNamesIsLiveOnceANodeHasIt) {
    const TestNode one = carrier({{1}, {2}}, "one");
    EXPECT_EQ(text("select live_version from handler"), "1");
    follower_.emplace(url_);
    const auto set = [&](const std::string& name, int version, const std::string& handlers) {
        return outcome_of([&] {
                   connection_.exec(
                       "insert into reducer_version values ('a', 1, 'x', 'c++', '[]') on conflict "
                       "do nothing");
                   follower_->writing().exec("select register_set('" + name + "', " +
                                             std::to_string(version) +
                                             ", array[('a', 1)::versioned], true, handlers => "
                                             "array[" +
                                             handlers + "]::versioned[])");
               })
            .text;
    };
    EXPECT_EQ(set("books", 1, "('send', 2), ('later', 3)"), "");
    EXPECT_EQ(text("select live_version from handler"), "2") << "with the set";
    EXPECT_EQ(set("books", 1, "('later', 3), ('send', 2)"), "") << "in any order";
    EXPECT_EQ(set("books", 1, "('send', 2)"),
              "view set books@1 was registered as a@1, later@3, send@2, this process has a@1, "
              "send@2: give the set a new version");
    EXPECT_EQ(set("others", 1, "('send', 1)"),
              "view set others names handler send, which is in view set books (version 1): a "
              "handler is in one set");
    const auto later = [&](int version) {
        return node({.name = "later" + std::to_string(version),
                     .handlers = R"([{"name": "later", "version": )" + std::to_string(version) +
                                 R"(, "build": "b"}])"});
    };
    const TestNode early = later(2);
    EXPECT_EQ(text("select live_version from handler where name = 'later'"), "2");
    const TestNode late = later(3);
    EXPECT_EQ(text("select live_version from handler where name = 'later'"), "3");
    EXPECT_EQ(
        text("select string_agg(concat(v ->> 'handler', v ->> 'version', v ->> 'in_sets'), ' ')"
             " from jsonb_array_elements(versions()) as v where v ? 'handler'"),
        R"(later2[] later3["books@1"] send1[] send2["books@1"])");
}

TEST_F(HandlerPromotionTest, OnlyTheOwnerPromotesOutsideOfDevelopment) {
    const TestNode both = carrier({{1}, {2}});
    connection_.exec("update environment set kind = 'staging'");
    connection_.exec("create role runner login; grant baton_test_orchestrate to runner");
    sql::Connection runner(url_, testing::in_test_schema());
    runner.exec("set session authorization runner");
    EXPECT_EQ(outcome_of([&] { runner.exec("select promote('send', 2)"); }).sqlstate, "42501");
    EXPECT_EQ(outcome_of([&] { runner.exec("select roll_back('send')"); }).sqlstate, "BT034");
    connection_.exec("update environment set kind = 'development'");
    EXPECT_NO_THROW(runner.exec("select promote('send', 2)"));
}

TEST_F(HandlerPromotionTest, VersionsSaysWhoCarriesWhatAndWaitingWhatItWasMadeFor) {
    TestNode one = carrier({{1}}, "one");
    const TestNode two = carrier({{2, "1"}}, "two");
    const TestNode other = carrier({{2, "1"}}, "other");
    EXPECT_EQ(text("select string_agg(v ->> 'version' || (v ->> 'state') || (v ->> 'build') || "
                   "(v ->> 'accepts_from') || (v ->> 'runs_as') || (v ->> 'nodes'), ' ') "
                   "from jsonb_array_elements(versions()) as v where v ->> 'handler' = 'send'"),
              R"(1liveb1[]1["one"] 2newb2[1]2["other", "two"])");
    enqueue();
    enqueue("'send', run_at => now() + interval '1 hour', labels => array['gpu']");
    const std::string waiting =
        "select coalesce(string_agg(version::text || ':' || waiting::text, ' ' order by version), "
        "'') "
        "from waiting_by_version('send')";
    EXPECT_EQ(text(waiting), "1:2");
    promote(2);
    enqueue();
    EXPECT_EQ(text(waiting), "1:2 2:1");
    one.deregister();
    EXPECT_EQ(text("select string_agg(v ->> 'version' || (v ->> 'state') || (v ->> 'runs_as') || "
                   "(v ->> 'nodes'), ' ') from jsonb_array_elements(versions()) as v"),
              R"(1warm2[] 2live2["other", "two"])");
    EXPECT_EQ(text("select jsonb_array_length(status() -> 'versions')"), "0");
}

}  // namespace
}  // namespace baton
