// JSON is measured as it will be read, on every way in; and what stands in the log of before, or
// was lost by the disk, is the fault of its event alone.

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "baton/sql/dispatch.hpp"
#include "baton/sql/log_reader.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

// As JSON text: what takes little in the log, and much when it is read.
const std::vector<std::pair<std::string, std::string>>& too_large() {
    const auto repeated = [](const std::string& text, int count) {
        std::string all;
        for (int i = 0; i < count; ++i) all += text;
        return all;
    };
    static const std::vector<std::pair<std::string, std::string>> all{
        {"a gigabyte", "[" + repeated("1e131071,", 8500) + "1]"},
        {"a megabyte", "[\"" + repeated("x", 400) + "\"," + repeated("1e131071,", 8) + "1]"},
        {"in objects", repeated(R"({"a": 1e131071, "b": )", 16) + "1" + repeated("}", 16)},
        {"negative exponents", "[" + repeated("1e-16383,", 70) + "1]"},
        {"escapes", '"' + repeated("\\u0001", 200'000) + '"'},
        {"depth of arrays", repeated("[", 65) + repeated("]", 65)},
        {"depth of objects", repeated(R"({"a":)", 65) + "1" + repeated("}", 65)},
        {"depth of many", repeated("[[1],", 4000) + "2" + repeated("]", 4000)}};
    return all;
}

class ReadableTest : public testing::DispatchFixture {
protected:
    void expect_refused(const std::string& way, const std::function<void()>& action) {
        const Outcome outcome = outcome_of(action);
        EXPECT_EQ(outcome.code, "event_too_large") << way << ": " << outcome.text;
        EXPECT_EQ(outcome.text.find('\n'), std::string::npos) << outcome.text;
        EXPECT_LT(outcome.text.size(), 300U) << way;
    }

    void dispatch_in_c(const std::vector<NewEvent>& events) {
        Transaction transaction(connection_);
        dispatch_many(transaction.raw(), events);
        transaction.commit();
    }

    // Events as they are in the log of a version that measured otherwise.
    void plant(const std::string& select) {
        connection_.exec(
            "alter domain event_payload drop constraint event_payload_bytes;"
            "alter domain event_meta drop constraint event_meta_bytes;"
            "insert into event (type, payload, meta) " +
            select +
            "; select set_limit('payload_bytes', 1048576), set_limit('meta_bytes', 16384)");
    }

    std::vector<std::string> read(sql::Content content, std::size_t limit, std::size_t bytes_max,
                                  std::size_t& most_bytes) {
        std::vector<std::string> events;
        Connection connection(url_, testing::in_test_schema());
        sql::LogReader reader(connection, sql::read_checkpoint(connection), content);
        sql::LogPage page;
        most_bytes = 0;
        while (reader.next(limit, page, bytes_max)) {
            most_bytes = std::max(most_bytes, page.bytes);
            for (const Event& event : page.events) {
                events.push_back(std::string(event.type) + ' ' +
                                 std::to_string(event.payload.size()) + ' ' +
                                 std::string(event.unreadable));
            }
        }
        return events;
    }
};

TEST_F(ReadableTest, WhatIsTooLargeAsTextIsRefusedOnEveryWay) {
    connection_.exec("create table elsewhere (name text, content jsonb)");
    for (const auto& [name, json] : too_large()) {
        const std::string& text = json;  // clang 14 cannot capture a binding
        SCOPED_TRACE(name);
        const std::string quoted = "'" + json + "'";
        const auto refused_in_sql = [&](const std::string& statement) {
            expect_refused(statement.substr(0, 60), [&] { connection_.exec(statement); });
        };
        refused_in_sql("select dispatch('a', " + quoted + ")");
        refused_in_sql("select dispatch('a', meta => " + quoted + ")");
        refused_in_sql("select dispatch('a', " + quoted + ", dispatch_id => gen_random_uuid())");
        refused_in_sql("select dispatch('a', meta => " + quoted +
                       ", dispatch_id => gen_random_uuid())");
        refused_in_sql("select dispatch_bytes('a', 'b', meta => " + quoted + ")");
        refused_in_sql("select dispatch_many('[{\"type\": \"a\", \"payload\": " + json + "}]')");
        refused_in_sql("insert into event (type, payload) values ('a', " + quoted + ")");
        // Compressed, it has another size.
        connection_.exec("insert into elsewhere values ('" + name + "', " + quoted + ")");
        refused_in_sql(
            "insert into event (type, payload) select 'a', content from elsewhere"
            " where name = '" +
            name + "'");
        refused_in_sql("select dispatch('a', content) from elsewhere where name = '" + name + "'");
        expect_refused("C++", [&] { dispatch_in_c({{.type = "a", .payload = text}}); });
        expect_refused("COPY", [&] {
            dispatch_in_c({{.type = "a"}, {.type = "a", .payload = text}, {.type = "a"}});
        });
        expect_refused("COPY of meta", [&] {
            dispatch_in_c({{.type = "a"}, {.type = "a", .meta = text}});
        });
    }
    EXPECT_EQ(event_count(), 0);
}

TEST_F(ReadableTest, WhatIsJustWithinTheLimitsIsTaken) {
    const std::string sixty_four = std::string(64, '[') + std::string(64, ']');
    for (const std::string& json :
         {std::string("[1e131071,1e131071,1e131071,1e131071,1e131071,1e131071,1e131071]"),
          sixty_four, '"' + std::string(1048564, 'x') + '"'}) {
        EXPECT_EQ(
            outcome_of([&] { connection_.exec("select dispatch('a', '" + json + "')"); }).text, "");
    }
    EXPECT_EQ(outcome_of([&] {
                  connection_.exec("select dispatch('a', meta => '" + sixty_four + "')");
              }).text,
              "");
    // 16384 bytes as text, and one more.
    EXPECT_EQ(outcome_of([&] { connection_.exec("select dispatch('a', meta => '1e16383')"); }).text,
              "");
    expect_refused("meta", [&] { connection_.exec("select dispatch('a', meta => '1e16384')"); });
    EXPECT_EQ(event_count(), 5);
}

// The JSON that is longest as text for what it takes: `count` numbers of 16 bytes.
std::string longest(int count) {
    return "(select jsonb_agg(('-1' || repeat('0', 131071) || '.' || repeat('0', 16383))::jsonb)"
           " from generate_series(1, " +
           std::to_string(count) + "))";
}

TEST_F(ReadableTest, WhatIsNotPrintedIsAtMostFourTimesTheLimitAsText) {
    const auto is_taken = [&](int count) {
        return outcome_of([&] { connection_.exec("select " + longest(count) + "::event_payload"); })
            .text.empty();
    };
    // How many may be in it. The bound is 4 / 9300 of the limit, and never more than 500 bytes.
    const std::map<std::int64_t, int> most{{1, 0},         {16'384, 0},     {100'000, 1},
                                           {300'000, 7},   {1'048'576, 27}, {1'162'500, 30},
                                           {2'000'000, 30}};
    for (const auto& [limit, count] : most) {
        SCOPED_TRACE(limit);
        connection_.exec("select set_limit('payload_bytes', " + std::to_string(limit) + ")");
        EXPECT_FALSE(is_taken(count + 1));
        if (count == 0) continue;
        EXPECT_TRUE(is_taken(count));
        EXPECT_LE(number("select octet_length(" + longest(count) + "::text)"), 4 * limit);
    }
}

TEST_F(ReadableTest, NoLimitLetsInWhatIsNestedTooDeeply) {
    for (const std::string limit : {"1048576", "1162500", "268435456"}) {
        connection_.exec("select set_limit('payload_bytes', " + limit +
                         "), set_limit('meta_bytes', " + limit + ")");
        for (const std::string& json :
             {std::string(65, '[') + std::string(65, ']'), too_large()[6].second}) {
            expect_refused(limit,
                           [&] { connection_.exec("select dispatch('a', '" + json + "')"); });
            expect_refused(
                limit, [&] { connection_.exec("select dispatch('a', meta => '" + json + "')"); });
        }
    }
    EXPECT_EQ(event_count(), 0);
}

TEST_F(ReadableTest, TheLongestThatIsTakenIsReadInBoundedPages) {
    connection_.exec("select dispatch('a', " + longest(27) +
                     ", meta => '[1]') from generate_series(1, 12)");
    expect_refused("one more",
                   [&] { connection_.exec("select dispatch('a', " + longest(28) + ")"); });
    constexpr std::size_t enough = 1U << 20U;
    for (const sql::Content content : {sql::Content::without_envelope, sql::Content::whole}) {
        std::size_t most_bytes = 0;
        EXPECT_EQ(read(content, 10'000, enough, most_bytes),
                  std::vector<std::string>(12, "a 3981393 "));
        EXPECT_LT(most_bytes, enough + (4U << 20U));
    }
}

TEST_F(ReadableTest, ATextThatIsAnObjectIsRefusedBeforeItIsPrinted) {
    for (const std::string field : {"type", "key", "tenant", "dispatch_id", "schema_version"}) {
        const Outcome outcome = outcome_of([&] {
            connection_.exec(
                "select dispatch_many(jsonb_build_array(jsonb_build_object('type',"
                " 'a', '" +
                field + "', '" + too_large()[0].second + "'::jsonb)))");
        });
        EXPECT_EQ(outcome.sqlstate, "BT001") << field << ": " << outcome.text;
    }
}

TEST_F(ReadableTest, AnEventThatCannotBeReadIsOneEventOfThePageThatSaysWhy) {
    plant(
        "select 'before', '{\"a\": 1}'::jsonb, null::jsonb union all "
        "select 'huge', '" +
        too_large()[0].second +
        "', null union all "
        "select 'huge meta', '{}', '" +
        too_large()[0].second +
        "' union all "
        "select 'long', '" +
        too_large()[1].second +
        "', null union all "
        "select 'after', '{\"a\": 2}', null");
    for (const sql::Content content : {sql::Content::without_envelope, sql::Content::whole}) {
        std::size_t most_bytes = 0;
        const std::vector<std::string> events = read(content, 100, sql::any_bytes, most_bytes);
        ASSERT_EQ(events.size(), 5U);
        EXPECT_EQ(events[0], "before 8 ");
        EXPECT_EQ(events[1],
                  "huge 0 payload: it is longer than 268435456 bytes as text, by its numbers");
        EXPECT_EQ(events[3], "long 1048999 ");
        EXPECT_EQ(events[4], "after 8 ");
        if (content == sql::Content::whole) {
            EXPECT_EQ(
                events[2],
                "huge meta 0 meta: it is longer than 268435456 bytes as text, by its numbers");
        }
    }
}

TEST_F(ReadableTest, WhatTheDiskHasLostIsTheFaultOfItsEvent) {
    connection_.exec(
        "alter table event_from_1 alter payload set storage external;"
        "insert into event (type, payload) select 'e' || n::text, jsonb_build_object('text',"
        " repeat(md5(n::text), 200)) from generate_series(1, 5) as n;"
        "create extension pg_surgery");
    const std::string toast = std::string(
        connection_
            .exec(
                "select reltoastrelid::regclass from pg_class where oid = 'event_from_1'::regclass")
            .only()
            .text(0));
    // By their names, because a query that looked for them would hold their page.
    const std::string first(connection_
                                .exec("select array_agg(ctid) from " + toast +
                                      " where chunk_id = (select min(chunk_id)"
                                      " from " +
                                      toast + ")")
                                .only()
                                .text(0));
    connection_.exec("select heap_force_kill('" + toast + "', '" + first + "'::tid[])");
    std::size_t most_bytes = 0;
    const std::vector<std::string> events =
        read(sql::Content::whole, 100, sql::any_bytes, most_bytes);
    ASSERT_EQ(events.size(), 5U);
    EXPECT_TRUE(events[0].starts_with("e1 0 missing chunk number 0 for toast value")) << events[0];
    EXPECT_TRUE(events[0].ends_with("(SQLSTATE XX001)")) << events[0];
    for (std::size_t i = 1; i < 5; ++i) {
        EXPECT_EQ(events[i], "e" + std::to_string(i + 1) + " 6412 ");
    }
}

TEST_F(ReadableTest, PagesAreBoundedByWhatIsPrinted) {
    // Each takes less than 200 bytes in the log; as text they are 130 KB, 0.9 MB and 50 KB.
    connection_.exec(
        "insert into event (type, payload) select 'number', '[1e131071]' from generate_series(1,"
        " 100);"
        "insert into event (type, payload) select 'numbers',"
        " '[1e131071,1e131071,1e131071,1e131071,1e131071,1e131071,1e131071]'"
        " from generate_series(1, 20);"
        "insert into event (type, payload, meta) select 'fraction', '{\"a\": 1e-16383}',"
        " '{\"a\": [1e-16300]}' from generate_series(1, 200);"
        "insert into event (type, payload) select 'text', jsonb_build_object('text', repeat('x',"
        " 9000)) from generate_series(1, 500);"
        "insert into event (type, body, content_type) select 'bytes', repeat('x', 9000)::bytea,"
        " 'a/b' from generate_series(1, 500)");
    EXPECT_LT(number("select max(pg_column_size(payload)) from event"), 200);
    constexpr std::size_t enough = 1U << 20U;
    for (const sql::Content content : {sql::Content::without_envelope, sql::Content::whole}) {
        std::size_t most_bytes = 0;
        EXPECT_EQ(read(content, 10'000, enough, most_bytes).size(), 1320U);
        EXPECT_LT(most_bytes, 3 * enough);
    }
}

TEST_F(ReadableTest, ABodyIsReadAsBytesWhateverTheyAre) {
    connection_.exec(
        "select dispatch_bytes('a', '\\xff00fe', 'application/json');"
        "select dispatch_bytes('b', '', 'application/json')");
    Connection connection(url_, testing::in_test_schema());
    sql::LogReader reader(connection, sql::read_checkpoint(connection), sql::Content::whole);
    sql::LogPage page;
    ASSERT_TRUE(reader.next(100, page));
    ASSERT_EQ(page.events.size(), 2U);
    EXPECT_EQ(page.events[0].body, std::string_view("\xff\0\xfe", 3));
    EXPECT_EQ(page.events[0].payload, "") << "it has no payload; the column's is a default";
    EXPECT_EQ(page.events[1].payload, "");
}

// What the server is short of is the fault of no event, but for memory, of which one can take all.
TEST_F(ReadableTest, WhatTheServerIsShortOfIsNoEventsFault) {
    connection_.exec("select dispatch('a/small', '{}')");
    connection_.exec(
        "select dispatch('a/large', jsonb_build_object('a', (select string_agg(md5(i::text), '') "
        "from generate_series(1, 200) i)))");
    const auto content_of = [&](const std::string& type) {
        return outcome_of([&] {
            const std::string fault(
                connection_
                    .exec("select c.fault from event e, event_content(e.id) as c where type = '" +
                          type + "'")
                    .only()
                    .text(0));
            throw Error(ErrorCode::event_poisoned, fault);
        });
    };
    for (const std::string& state :
         std::vector<std::string>{"53000", "53100", "53200", "53300", "53400"}) {
        connection_.exec(
            "create or replace function print_fault(value jsonb, bytes_max bigint) returns text "
            "language plpgsql stable strict set search_path from current as $$ begin "
            "raise exception 'short of it' using errcode = '" +
            state + "'; end $$");
        EXPECT_EQ(content_of("a/small").sqlstate, state);
        const Outcome large = content_of("a/large");
        if (state == "53200") {
            EXPECT_EQ(large.text, "short of it (SQLSTATE 53200)");
        } else {
            EXPECT_EQ(large.sqlstate, state);
        }
    }
}

}  // namespace
}  // namespace baton
