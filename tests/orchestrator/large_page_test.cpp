// Pages of the log that end early because of large events give the same log.
#include <gtest/gtest.h>

#include "baton/sql/log_reader.hpp"
#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

std::string text_of(const Event& event) {
    return std::to_string(static_cast<std::int64_t>(event.position)) + ' ' +
           std::to_string(static_cast<std::int64_t>(event.id)) + std::string(event.payload) +
           std::string(event.body) + std::string(event.meta);
}

TEST(LargePageTest, WhereverAPageEndsNothingIsLostOrChanged) {
    World world;
    // Large as they are, large only when they are read, and large in each column.
    world.ask(
        "create function random_hex(n int) returns text language sql as"
        " $$ select string_agg(md5(n || '-' || i), '') from generate_series(1, 200) as i $$;"
        "insert into event (type, payload, body, meta) select 'mark/made',"
        " case when n % 3 = 0 then jsonb_build_object('text', random_hex(n))"
        " when n % 7 = 0 then jsonb_build_object('text', repeat('x', 90000)) else '{}' end,"
        " case when n % 4 = 0 then decode(random_hex(n), 'hex') end,"
        " case when n % 5 = 0 then jsonb_build_object('text', random_hex(n))"
        " when n % 2 = 0 then jsonb_build_object('by', n) end"
        " from generate_series(1, 60) as n");
    sql::Connection connection(world.url(), in_test_schema());
    const auto read = [&](std::size_t wide_bytes_max, std::size_t& pages) {
        std::vector<std::string> texts;
        sql::LogReader reader(connection, sql::read_checkpoint(connection), sql::Content::whole);
        sql::LogPage page;
        for (pages = 0; reader.next(25, page, wide_bytes_max); ++pages) {
            for (const Event& event : page.events) texts.push_back(text_of(event));
        }
        return texts;
    };
    std::size_t pages = 0;
    const std::vector<std::string> whole = read(sql::any_bytes, pages);
    EXPECT_EQ(whole.size(), 60U);
    EXPECT_EQ(pages, 3U);
    EXPECT_EQ(read(1, pages), whole);
    EXPECT_GE(pages, 30U) << "a page has one large event at most";
    EXPECT_EQ(read(10'000, pages), whole);
    std::size_t bytes = 0;
    for (const std::string& text : whole) bytes += text.size();
    EXPECT_GT(bytes, 500'000U);
}

// What a page leaves out, because no reducer looks at it, changes nothing of the rest.
TEST(LargePageTest, WithoutTheEnvelopeTheContentIsTheSame) {
    World world;
    world.ask(
        "insert into event (type, key, tenant, payload, body, content_type, meta) select "
        "'mark/made',"
        " 'k', 't', case when n % 3 = 0 then jsonb_build_object('text', repeat(md5(n::text), 999))"
        " else jsonb_build_object('n', n) end, case when n % 2 = 0 then 'bytes'::bytea end,"
        " case when n % 2 = 0 then 'a/b' end, '{\"by\": 1}' from generate_series(1, 12) as n");
    const auto read = [&](sql::Content content, sql::LogPage& page) {
        sql::Connection connection(world.url(), in_test_schema());
        sql::LogReader reader(connection, sql::read_checkpoint(connection), content);
        ASSERT_TRUE(reader.next(100, page));
        ASSERT_EQ(page.events.size(), 12U);
    };
    sql::LogPage whole;
    sql::LogPage bare;
    read(sql::Content::whole, whole);
    read(sql::Content::without_envelope, bare);
    for (std::size_t i = 0; i < 12; ++i) {
        const Event& one = whole.events[i];
        const Event& other = bare.events[i];
        EXPECT_EQ(one.position, other.position);
        EXPECT_EQ(one.id, other.id);
        EXPECT_EQ(one.type, other.type);
        EXPECT_EQ(one.payload, other.payload);
        EXPECT_EQ(one.body, other.body);
        EXPECT_EQ(one.content_type, other.content_type);
        EXPECT_EQ(one.key, "k");
        EXPECT_EQ(one.tenant, "t");
        EXPECT_EQ(one.meta, R"({"by": 1})");
        EXPECT_NE(one.dispatched_at, Timestamp());
        EXPECT_EQ(other.key, std::nullopt);
    }
}

TEST(LargePageTest, AReducerThatLooksAtTheEnvelopeGetsIt) {
    World world;
    const auto process = world.start({.node = "one", .options = {"--with-origins"}});
    ASSERT_TRUE(world.leads("one"));
    world.ask(
        "select dispatch('mark/made', '{\"account\": \"a\", \"fault\": \"\"}', key => 'order/1',"
        " tenant => 'north', meta => '{\"by\": \"ann\"}')");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select key || ' ' || tenant || ' ' || meta from mark_origins"),
              R"(order/1 north {"by": "ann"})");
    EXPECT_EQ(world.ask("select o.dispatched_at = e.dispatched_at from mark_origins o, event e"),
              "t");
}

}  // namespace
}  // namespace baton::testing
